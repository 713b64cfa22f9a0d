# True + True is 2 in Python while numpy booleans add as or.
# family: promotion
# entry: count_both
# compare: exact
import numpy as np

def count_both(a, b):
    p = (a[0] > 0) + (b[0] > 0)
    q = bool(a[0] > 0) + bool(b[0] > 0)
    m = (a > 0) + (b > 0)
    n = np.sum(a > 0) + np.sum(b > 0)
    return p, q, m, n

if __name__ == "__main__":
    count_both(np.array([1, -1, 2]), np.array([3, -4, 5]))
    count_both(np.array([-1, -1, 2]), np.array([3, 4, 5]))
