# A designed low-pass FIR run with lfilter.
# family: fir
# entry: lowpass
# compare: derived
import numpy as np
from scipy import signal

def lowpass(x, fs=48000.0):
    taps = signal.firwin(33, 4000.0, fs=fs)
    return signal.lfilter(taps, 1.0, x)

if __name__ == "__main__":
    rng = np.random.default_rng(4)
    lowpass(rng.standard_normal(200))
    lowpass(rng.standard_normal(75))
