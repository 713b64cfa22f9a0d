# any, all, logical operations and counts of masks.
# family: reductions
# entry: checks
# compare: exact
import numpy as np

def checks(a, b):
    both = np.logical_and(a > 0, b > 0)
    return both.any(), np.all(a >= b, axis=0), np.logical_xor(a > 0, b > 0), (a != b).sum(), np.array_equal(a, b)

if __name__ == "__main__":
    checks(np.array([[1, -2], [3, 4]]), np.array([[1, 2], [0, 4]]))
    checks(np.array([[5, 5]]), np.array([[5, 5]]))
