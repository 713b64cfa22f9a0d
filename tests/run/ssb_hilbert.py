# Upper or lower sideband from the analytic signal.
# family: analog-modulation
# entry: ssb
# compare: derived
import numpy as np
from scipy.signal import hilbert

def ssb(m, fc, sideband="upper"):
    a = hilbert(m)
    n = np.arange(len(m))
    if sideband == "upper":
        return np.real(a * np.exp(2j * np.pi * fc * n))
    return np.real(np.conj(a) * np.exp(2j * np.pi * fc * n))

if __name__ == "__main__":
    n = np.arange(96)
    m = np.cos(2 * np.pi * n / 24) + 0.3 * np.sin(2 * np.pi * n / 12)
    ssb(m, 0.2)
    ssb(m, 0.2, sideband="lower")
