# Rational resampling with scipy.signal.resample_poly.
# family: polyphase-resample
# entry: to_rate
# compare: derived
import numpy as np
from scipy import signal

def to_rate(x):
    return signal.resample_poly(x, 3, 2)

if __name__ == "__main__":
    rng = np.random.default_rng(48)
    to_rate(rng.standard_normal(120))
