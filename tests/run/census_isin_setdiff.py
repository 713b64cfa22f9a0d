# isin, setdiff1d, intersect1d and extract on index sets.
# family: sorting
# entry: carriers
# compare: exact
import numpy as np

def carriers(n, pilots, nulls):
    k = np.arange(n)
    data = np.setdiff1d(k, np.concatenate((pilots, nulls)))
    return data, np.isin(k, pilots), np.intersect1d(pilots, nulls), np.extract(k % 3 == 0, k)

if __name__ == "__main__":
    carriers(16, np.array([2, 7, 11]), np.array([0, 7, 8]))
