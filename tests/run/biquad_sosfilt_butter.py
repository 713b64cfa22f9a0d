# Butterworth second-order sections with sosfilt.
# family: biquad
# entry: sos_lowpass
# compare: derived
import numpy as np
from scipy import signal

def sos_lowpass(x, order=6):
    sos = signal.butter(order, 0.2, output="sos")
    return signal.sosfilt(sos, x)

if __name__ == "__main__":
    rng = np.random.default_rng(77)
    sos_lowpass(rng.standard_normal(150))
    sos_lowpass(rng.standard_normal(64))
