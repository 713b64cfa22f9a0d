# argsort with ties and a stable kind, and a sort in place.
# family: sorting
# entry: order
# compare: exact
import numpy as np

def order(x):
    idx = np.argsort(x, kind="stable")
    down = np.argsort(-x, kind="stable")
    y = x.copy()
    y.sort()
    return idx, down, y, y[::-1]

if __name__ == "__main__":
    order(np.array([3, 1, 2, 3, 1, 2, 3, 0]))
