# A returned slice is a view of the argument, changed again by the same call.
# family: aliasing
# entry: upper_half
# compare: exact
import numpy as np

def upper_half(x):
    y = x[len(x) // 2:]
    x[:] = x[::-1].copy()
    y += 1
    return y

if __name__ == "__main__":
    upper_half(np.arange(6))
    upper_half(np.arange(9))
