# Every comparison with NaN is false except inequality; where follows.
# family: nan-rules
# entry: compare
# compare: exact
import numpy as np

def compare(x, t):
    return x > t, x <= t, x == x, x != x, np.where(x > t, 1, 0), ~(x < t), np.isnan(x), np.isfinite(x)

if __name__ == "__main__":
    compare(np.array([1.0, np.nan, -np.inf, np.inf, 0.0]), 0.5)
    compare(np.array([1.0, np.nan, -np.inf, np.inf, 0.0]), np.nan)
