# fliplr, flipud, fill_diagonal, identity and take.
# family: indexing
# entry: decorate
# compare: exact
import numpy as np

def decorate(a):
    b = np.fliplr(a).copy()
    np.fill_diagonal(b, 0)
    return b, np.flipud(a), np.take(a, [0, 2], axis=1), np.identity(3, dtype=int) * a[0]

if __name__ == "__main__":
    decorate(np.arange(1, 10).reshape(3, 3))
