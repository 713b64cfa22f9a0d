# expect: bench-never-calls
# about: a bench that never calls the entry
# line: 7
# entry: demod
import numpy as np

def demod(x):
    return np.angle(x)

def other(x):
    return np.abs(x)

if __name__ == "__main__":
    other(np.arange(4.0))
