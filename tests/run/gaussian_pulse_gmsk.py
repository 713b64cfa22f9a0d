# GMSK: Gaussian pulse, integration of frequency, phase to IQ.
# family: rrc
# entry: gmsk
# compare: derived
import numpy as np

def gmsk(bits, sps=8, bt=0.3):
    t = np.arange(-2 * sps, 2 * sps + 1) / sps
    sigma = np.sqrt(np.log(2)) / (2 * np.pi * bt)
    g = np.exp(-t ** 2 / (2 * sigma ** 2))
    g /= g.sum()
    nrz = np.repeat(2.0 * bits - 1.0, sps)
    phase = np.cumsum(np.convolve(nrz, g, mode="same")) * np.pi / 2 / sps
    return np.exp(1j * phase)

if __name__ == "__main__":
    rng = np.random.default_rng(133)
    gmsk(rng.integers(0, 2, 20))
