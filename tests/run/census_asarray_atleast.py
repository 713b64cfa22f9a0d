# asarray, atleast_1d, atleast_2d, shape, size and ndim as users write them.
# family: functions
# entry: as_column
# compare: derived
import numpy as np

def as_column(x):
    x = np.atleast_1d(np.asarray(x, dtype=float))
    a = np.atleast_2d(x)
    if np.size(x) == 1:
        return a * 2
    return np.asanyarray(a).T * np.shape(x)[0] + a.ndim

if __name__ == "__main__":
    as_column(3.0)
    as_column([1, 2, 3])
