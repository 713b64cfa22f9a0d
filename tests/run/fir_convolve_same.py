# Moving average by np.convolve in 'same' mode.
# family: fir
# entry: smooth
# compare: derived
import numpy as np

def smooth(x):
    h = np.ones(5) / 5
    return np.convolve(x, h, mode="same")

if __name__ == "__main__":
    rng = np.random.default_rng(2)
    smooth(rng.standard_normal(100))
    smooth(rng.standard_normal(37))
