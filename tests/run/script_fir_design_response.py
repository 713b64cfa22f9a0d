# A script that designs a filter and samples its response.
# family: fir
# entry: script:taps,mag
# compare: derived
import numpy as np
from scipy import signal

taps = signal.firwin(21, 0.3, window="hamming")
freqs = np.linspace(0, np.pi, 16)
mag = np.zeros(len(freqs))
for k, w in enumerate(freqs):
    mag[k] = np.abs(np.sum(taps * np.exp(-1j * w * np.arange(len(taps)))))
