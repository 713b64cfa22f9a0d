"""Low-pass and decimate by 8: 64 taps over a long real signal."""

import numpy as np
from scipy.signal import firwin, upfirdn

TAPS = firwin(64, 0.1)
DECIMATION = 8


def fir8(samples):
    """Real samples (float32 or float64) at the input rate -> the same type at an eighth of it."""
    return upfirdn(TAPS.astype(samples.dtype), samples, 1, DECIMATION)


def make_input(n, dtype, seed=1):
    """Unit-variance white noise."""
    return np.random.default_rng(seed).standard_normal(n).astype(dtype)


if __name__ == "__main__":
    for n in (100, 1000, 4097):
        fir8(make_input(n, np.float32))
