# Smoothing by np.convolve in 'valid' mode: a constant window, signals of several lengths.
# family: fir
# entry: smooth
# compare: derived
import numpy as np

WINDOW = np.hanning(16)


def smooth(x):
    return np.convolve(x, WINDOW, mode="valid")


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    smooth(rng.standard_normal(100))
    smooth(rng.standard_normal(57))
