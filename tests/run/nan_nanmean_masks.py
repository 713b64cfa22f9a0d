# nanmean, nansum and a mask of finite values.
# family: nan-rules
# entry: robust
# compare: derived
import numpy as np

def robust(x):
    good = np.isfinite(x)
    return np.nanmean(x), np.nansum(x), np.where(good, x, 0.0).sum() / np.count_nonzero(good), np.nanargmax(x)

if __name__ == "__main__":
    robust(np.array([1.0, np.nan, 3.0, np.nan, 8.0]))
    robust(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
