# A digital down-converter: mix, filter, decimate.
# family: ddc-duc
# entry: ddc
# compare: derived
import numpy as np
from scipy.signal import firwin, lfilter

def ddc(x, fc, decim=5):
    n = np.arange(len(x))
    base = x * np.exp(-2j * np.pi * fc * n)
    h = firwin(41, 0.8 / decim)
    return lfilter(h, 1, base)[::decim]

if __name__ == "__main__":
    rng = np.random.default_rng(67)
    ddc(rng.standard_normal(200), 0.2)
    ddc(rng.standard_normal(103), 0.2)
