# Unique values with counts, first positions and the inverse map.
# family: sorting
# entry: tally
# compare: exact
import numpy as np

def tally(x):
    u, first, inv, cnt = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    return u, first, inv, cnt, u[np.argmax(cnt)]

if __name__ == "__main__":
    tally(np.array([5, 3, 5, 1, 3, 5, 9]))
    tally(np.array([2, 2, 2, 2, 2, 2, 2]))
