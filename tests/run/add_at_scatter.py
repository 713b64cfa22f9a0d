# Scatter-add with repeated indices by np.add.at and by a plain store.
# family: reductions
# entry: scatter
# compare: exact
import numpy as np

def scatter(idx, v, n):
    a = np.zeros(n, dtype=np.int64)
    np.add.at(a, idx, v)
    b = np.zeros(n, dtype=np.int64)
    b[idx] += v
    return a, b

if __name__ == "__main__":
    scatter(np.array([1, 3, 1, 1, 0]), np.array([10, 20, 30, 40, 50]), 5)
