# expect: refused
# about: a store into an array of which sliding windows are kept: they are a copy in the translation
# line: 10
# entry: rows
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

def rows(x):
    w = sliding_window_view(x, 3)
    x[0] = 5.0
    return w.sum(axis=1)

if __name__ == "__main__":
    for n in (6, 8):
        rows(np.arange(float(n)))
