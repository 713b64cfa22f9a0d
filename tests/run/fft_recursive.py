# A recursive FFT whose depth follows the static length.
# family: fft-windows
# entry: fft_rec
# compare: derived
import numpy as np

def fft_rec(x):
    n = len(x)
    if n == 1:
        return x
    even = fft_rec(x[0::2])
    odd = fft_rec(x[1::2])
    w = np.exp(-2j * np.pi * np.arange(n // 2) / n)
    return np.concatenate([even + w * odd, even - w * odd])

if __name__ == "__main__":
    rng = np.random.default_rng(53)
    fft_rec(rng.standard_normal(16) + 0j)
