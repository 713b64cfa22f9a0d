# A two-channel quadrature mirror analysis and synthesis bank.
# family: channelizer
# entry: qmf
# compare: derived
import numpy as np

def qmf(x):
    h0 = np.array([0.4829629131, 0.8365163037, 0.2241438680, -0.1294095226])
    h1 = h0[::-1] * np.array([1, -1, 1, -1])
    lo = np.convolve(x, h0)[1::2]
    hi = np.convolve(x, h1)[1::2]
    up_lo = np.zeros(2 * len(lo))
    up_hi = np.zeros(2 * len(hi))
    up_lo[::2] = lo
    up_hi[::2] = hi
    return lo, hi, np.convolve(up_lo, h0[::-1]) + np.convolve(up_hi, h1[::-1])

if __name__ == "__main__":
    rng = np.random.default_rng(167)
    qmf(rng.standard_normal(32))
