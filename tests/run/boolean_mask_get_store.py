# Boolean masks read with bounded length and stored in place.
# family: indexing
# entry: masked
# compare: exact
import numpy as np

def masked(x):
    y = x.copy()
    y[y < 0] = 0
    pos = x[x > 1]
    y[(x > 0) & (x <= 1)] *= -1
    return y, pos, len(pos), np.count_nonzero(x < 0)

if __name__ == "__main__":
    masked(np.array([-2, -1, 0, 1, 2, 3]))
    masked(np.array([0, 1, 1, -5, 0, 1]))
