# Band limiting by clearing bins between rfft and irfft.
# family: fft-windows
# entry: bandlimit
# compare: derived
import numpy as np

def bandlimit(x, lo, hi):
    X = np.fft.rfft(x)
    X[:lo] = 0
    X[hi + 1:] = 0
    return np.fft.irfft(X, n=len(x))

if __name__ == "__main__":
    rng = np.random.default_rng(56)
    bandlimit(rng.standard_normal(50), 2, 9)
    bandlimit(rng.standard_normal(51), 0, 30)
