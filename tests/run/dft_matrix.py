# The DFT as a matrix product.
# family: fft-windows
# entry: dft
# compare: derived
import numpy as np

def dft(x):
    n = len(x)
    k = np.arange(n).reshape(n, 1)
    W = np.exp(-2j * np.pi * k * np.arange(n) / n)
    return W.dot(x)

if __name__ == "__main__":
    rng = np.random.default_rng(55)
    dft(rng.standard_normal(20))
