# Overlapping frames by as_strided and by sliding_window_view.
# family: indexing
# entry: framed
# compare: exact
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

def framed(x, size, hop):
    n = (len(x) - size) // hop + 1
    s = x.strides[0]
    a = as_strided(x, shape=(n, size), strides=(hop * s, s))
    return a * 2, sliding_window_view(x, size)[::hop].sum(axis=1)

if __name__ == "__main__":
    framed(np.arange(20), 5, 3)
