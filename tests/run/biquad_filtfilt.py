# Zero-phase filtering forward and backward.
# family: biquad
# entry: zero_phase
# compare: derived
import numpy as np
from scipy.signal import butter, filtfilt

def zero_phase(x):
    b, a = butter(3, 0.15)
    return filtfilt(b, a, x)

if __name__ == "__main__":
    rng = np.random.default_rng(79)
    zero_phase(rng.standard_normal(80))
