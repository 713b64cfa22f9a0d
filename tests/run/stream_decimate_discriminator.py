# A phase discriminator behind a filter, every fourth value kept: two rates and a look back.
# family: streaming
# entry: demodulate
# compare: derived
import numpy as np
from scipy.signal import firwin, lfilter

TAPS = firwin(31, 0.3)

def demodulate(z):
    y = lfilter(TAPS, 1.0, z)
    step = np.angle(y[1:] * np.conj(y[:-1]))
    return step[::4]

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        demodulate(np.exp(1j * rng.standard_normal(n).cumsum()))
