# searchsorted on both sides with equal values and outside values.
# family: sorting
# entry: place
# compare: exact
import numpy as np

def place(table, x):
    return np.searchsorted(table, x), np.searchsorted(table, x, side="right"), np.searchsorted(table, x[0])

if __name__ == "__main__":
    place(np.array([1, 2, 2, 2, 5, 8]), np.array([0, 2, 5, 6, 9]))
