# A complex band-pass made by rotating firwin taps.
# family: fir
# entry: bandpass
# compare: derived
import numpy as np
from scipy.signal import firwin

def bandpass(x, centre):
    h = firwin(31, 0.2)
    n = np.arange(len(h))
    hb = h * np.exp(2j * np.pi * centre * n)
    return np.convolve(x, hb)[15:15 + len(x)]

if __name__ == "__main__":
    rng = np.random.default_rng(42)
    bandpass(rng.standard_normal(90) + 1j * rng.standard_normal(90), 0.15)
