# expect: syntax-error
# about: an assignment where a comparison was meant
# line: 8
# entry: gate
import numpy as np

def gate(x, on):
    if on = 1:
        return x
    return 0 * x

if __name__ == "__main__":
    gate(np.arange(3.0), 1)
