# An iterative radix-2 FFT with bit reversal.
# family: fft-windows
# entry: fft_radix2
# compare: derived
import numpy as np

def fft_radix2(x):
    n = len(x)
    bits = int(np.log2(n))
    y = np.zeros(n, dtype=np.complex128)
    for i in range(n):
        r = 0
        for b in range(bits):
            r = (r << 1) | ((i >> b) & 1)
        y[r] = x[i]
    size = 2
    while size <= n:
        w = np.exp(-2j * np.pi * np.arange(size // 2) / size)
        for start in range(0, n, size):
            a = y[start:start + size // 2].copy()
            b = y[start + size // 2:start + size] * w
            y[start:start + size // 2] = a + b
            y[start + size // 2:start + size] = a - b
        size *= 2
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(52)
    fft_radix2(rng.standard_normal(32) + 1j * rng.standard_normal(32))
