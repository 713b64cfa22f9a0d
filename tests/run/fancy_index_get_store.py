# Integer index arrays, repeated indices in a store keep the last value.
# family: indexing
# entry: shuffle
# compare: exact
import numpy as np

def shuffle(x, idx):
    y = x[idx]
    z = np.zeros(len(x), dtype=x.dtype)
    z[idx] = np.arange(len(idx))
    w = x[[0, -1, 2]]
    return y, z, w

if __name__ == "__main__":
    shuffle(np.arange(10, 18), np.array([3, 3, 0, 7, -1, 2]))
