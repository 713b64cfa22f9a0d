# Windowed real FFT and power in decibels.
# family: fft-windows
# entry: psd
# compare: derived
import numpy as np

def psd(x):
    w = np.hanning(len(x))
    X = np.fft.rfft(x * w)
    p = np.abs(X) ** 2 / np.sum(w ** 2)
    return 10 * np.log10(p + 1e-12)

if __name__ == "__main__":
    rng = np.random.default_rng(12)
    psd(rng.standard_normal(128))
