# Magnitude spectrum of a complex block.
# family: fft-windows
# entry: spectrum
# compare: derived
import numpy as np

def spectrum(x):
    return np.abs(np.fft.fft(x))

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    spectrum(rng.standard_normal(64) + 1j * rng.standard_normal(64))
