# expect: bench-raises
# about: a method that arrays do not have
# line: 8
# entry: peak
import numpy as np

def peak(x):
    return x.maximum()

if __name__ == "__main__":
    peak(np.arange(3.0))
