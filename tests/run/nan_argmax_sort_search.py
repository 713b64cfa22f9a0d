# argmax finds the first NaN, sort puts NaN last.
# family: nan-rules
# entry: ordering
# compare: exact
import numpy as np

def ordering(x):
    return np.argmax(x), np.argmin(x), np.sort(x), np.argsort(x, kind="stable"), np.searchsorted(np.sort(x), 2.0)

if __name__ == "__main__":
    ordering(np.array([3.0, np.nan, 1.0, np.nan, -np.inf]))
    ordering(np.array([3.0, 2.0, 1.0, np.inf, -np.inf]))
