# min and max propagate NaN, fmin and nanmax skip it, Python's min keeps the first.
# family: nan-rules
# entry: families
# compare: exact
import numpy as np

def families(x, y):
    with np.errstate(invalid="ignore"):
        a = np.min(x), np.max(x), np.nanmin(x), np.nanmax(x)
    return a, np.minimum(x, y), np.fmin(x, y), min(float(x[0]), float(x[1])), max(float(x[1]), float(x[0]))

if __name__ == "__main__":
    families(np.array([1.0, np.nan, -3.0]), np.array([np.nan, 2.0, 5.0]))
    families(np.array([np.nan, 4.0, 0.5]), np.array([1.0, np.nan, -np.inf]))
