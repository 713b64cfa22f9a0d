# Tuple swap of views loses data; swap through an index copy does not.
# family: aliasing
# entry: swap
# compare: exact
import numpy as np

def swap(a):
    b = a.copy()
    b[0], b[1] = b[1], b[0]
    c = a.copy()
    c[[0, 1]] = c[[1, 0]]
    return b, c

if __name__ == "__main__":
    swap(np.arange(6).reshape(3, 2))
