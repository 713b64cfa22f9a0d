"""Fourier transforms of 1024 points, row by row."""

import numpy as np
from scipy.fft import fft


def fft1024(rows):
    """Complex rows[:, 1024] (complex64 or complex128) -> their spectra."""
    return fft(rows)


def make_input(n, dtype, seed=3):
    """n rows of complex white noise, of the complex type whose parts are `dtype`."""
    parts = np.random.default_rng(seed).standard_normal((n, 1024, 2)).astype(dtype)
    return parts.view(np.result_type(dtype, np.complex64))[..., 0]


if __name__ == "__main__":
    for n in (2, 3, 5):
        fft1024(make_input(n, np.float32))
