# expect: refused
# about: a name that is defined nowhere, in a branch that depends on data and that the bench did not take
# line: 9
# entry: gain
import numpy as np

def gain(x):
    if x[0] > 100.0:
        return x * missing_gain
    return 2.0 * x

if __name__ == "__main__":
    gain(np.arange(4.0))
