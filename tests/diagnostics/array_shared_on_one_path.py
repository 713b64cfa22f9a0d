# expect: refused
# about: a store into an array that another name holds on one path only
# line: 11
# entry: shift
import numpy as np

def shift(x):
    y = old = np.zeros(3)
    if x[0] > 1.0:
        y = np.ones(3) * x[1]
    old[0] += x[1]
    return y

if __name__ == "__main__":
    shift(np.array([0.5, 0.25]))
    shift(np.array([1.5, 0.25]))
