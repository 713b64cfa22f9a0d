# Large Python integers compare exactly with floats.
# family: integers
# entry: compared
# compare: exact
import numpy as np

def compared(n, f, a, u):
    return n == f, n > f, float(n) == f, a == a.astype(float), a < u, a + u > 0

if __name__ == "__main__":
    compared(2 ** 53 + 1, float(2 ** 53), np.array([2 ** 53 + 1, -1]), np.array([2 ** 63, 1], dtype=np.uint64))
