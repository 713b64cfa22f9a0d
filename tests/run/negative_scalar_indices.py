# Negative scalar indices on one and two axes.
# family: indexing
# entry: ends
# compare: exact
import numpy as np

def ends(a, k):
    return a[-1], a[-2, -1], a[k], a[:, -k], a[..., 0]

if __name__ == "__main__":
    a = np.arange(12).reshape(3, 4)
    ends(a, 1)
    ends(a, 2)
