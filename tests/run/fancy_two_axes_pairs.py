# Two index arrays pick elements pairwise; np.ix_ picks a grid.
# family: indexing
# entry: pick
# compare: exact
import numpy as np

def pick(a, r, c):
    return a[r, c], a[r][:, c], a[np.ix_(r, c)], a[r, 1], a[1, c]

if __name__ == "__main__":
    pick(np.arange(20).reshape(4, 5), np.array([0, 2, 3]), np.array([1, 4, 0]))
