# A channel interpolated between pilot carriers with np.interp.
# family: ofdm
# entry: channel
# compare: derived
import numpy as np

def channel(y, pilot_idx, n):
    h = y[pilot_idx]
    k = np.arange(n)
    return np.interp(k, pilot_idx, h.real) + 1j * np.interp(k, pilot_idx, h.imag)

if __name__ == "__main__":
    rng = np.random.default_rng(138)
    y = rng.standard_normal(48) + 1j * rng.standard_normal(48)
    channel(y, np.arange(2, 48, 6), 48)
