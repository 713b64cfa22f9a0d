# NumPy shifts by the width or more, Python shifts without limit.
# family: integers
# entry: wide_shifts
# compare: exact
import numpy as np

def wide_shifts(x, k, n):
    return x << k, x >> k, n << 70 >> 60, (-n) >> 100

if __name__ == "__main__":
    wide_shifts(np.array([1, -1, 5], dtype=np.int32), np.array([31, 40, 33], dtype=np.int32), 3)
