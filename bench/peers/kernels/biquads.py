"""Eight second-order sections: an elliptic low-pass of order 16."""

import numpy as np
from scipy.signal import ellip, sosfilt

SECTIONS = ellip(16, 0.5, 60, 0.3, output="sos")


def biquads(samples):
    """Real samples (float32 or float64) -> as many of the same type."""
    return sosfilt(SECTIONS.astype(samples.dtype), samples)


def make_input(n, dtype, seed=2):
    """Unit-variance white noise."""
    return np.random.default_rng(seed).standard_normal(n).astype(dtype)


if __name__ == "__main__":
    for n in (100, 1000, 4097):
        biquads(make_input(n, np.float32))
