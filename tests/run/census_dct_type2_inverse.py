# DCT-II and its inverse, orthonormal and plain, with a written-out check.
# family: fft-windows
# entry: dct_trip
# compare: derived
import numpy as np
from scipy.fft import dct, idct

def dct_trip(x, keep):
    c = dct(x, norm="ortho")
    c[keep:] = 0.0
    n = np.arange(len(x))
    k = n[:, None]
    plain = 2 * np.cos(np.pi * k * (2 * n + 1) / (2 * len(x))) @ x
    return idct(c, norm="ortho"), dct(x) - plain + x

if __name__ == "__main__":
    rng = np.random.default_rng(365)
    dct_trip(rng.standard_normal(16), 5)
    dct_trip(rng.standard_normal(21), 8)
