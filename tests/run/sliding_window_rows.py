# Windows of a vector by sliding_window_view, medians of what is not NaN, and parities.
# family: reductions
# entry: rows
# compare: derived
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

def rows(x, u):
    w = sliding_window_view(x, 4)
    y = x.copy()
    y[3] = np.nan
    m = np.stack([y, x, np.full(len(x), np.nan)])
    return (w.mean(axis=1), w[::2].max(axis=-1), sliding_window_view(x, window_shape=3)[1], np.nanmedian(y),
            np.nanmedian(m[:2], axis=1), np.nanmedian(m[:2], axis=0), np.bitwise_xor.reduce(u), np.bitwise_and.reduce(u),
            np.bitwise_or.reduce(u))

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (9, 14):
        rows(rng.standard_normal(n), rng.integers(0, 256, n).astype(np.uint8) | np.uint8(16))
