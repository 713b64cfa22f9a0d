# Forward and inverse FFT at sizes that are not powers of two.
# family: fft-windows
# entry: roundtrip
# compare: derived
import numpy as np

def roundtrip(x):
    X = np.fft.fft(x)
    X[0] = 0
    return np.fft.ifft(X)

if __name__ == "__main__":
    rng = np.random.default_rng(54)
    for n in (15, 17, 31, 60):
        roundtrip(rng.standard_normal(n) + 1j * rng.standard_normal(n))
