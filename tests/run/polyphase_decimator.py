# A polyphase decimator by reshape and matrix products.
# family: polyphase-resample
# entry: decimate
# compare: derived
import numpy as np

def decimate(x, h, m=4):
    taps = h.reshape(-1, m).T
    padded = np.concatenate((np.zeros(m - 1), x))
    phases = padded[:len(padded) // m * m].reshape(-1, m)[:, ::-1].T
    out = np.zeros(phases.shape[1])
    for p in range(m):
        out += np.convolve(phases[p], taps[p])[:len(out)]
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(46)
    decimate(rng.standard_normal(96), rng.standard_normal(24))
