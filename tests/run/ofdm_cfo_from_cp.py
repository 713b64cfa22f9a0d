# Carrier offset from the correlation of prefix and tail.
# family: ofdm
# entry: cfo_estimate
# compare: derived
import numpy as np

def cfo_estimate(rx, nfft, cp):
    total = nfft + cp
    acc = 0
    for s in range(len(rx) // total):
        blk = rx[s * total:(s + 1) * total]
        acc += np.vdot(blk[:cp], blk[nfft:])
    return np.angle(acc) / (2 * np.pi)

if __name__ == "__main__":
    rng = np.random.default_rng(137)
    t = np.fft.ifft(rng.choice([-1, 1], (3, 32)), axis=1)
    tx = np.concatenate((t[:, -8:], t), axis=1).reshape(-1)
    cfo_estimate(tx * np.exp(2j * np.pi * 0.1 / 32 * np.arange(tx.size)), 32, 8)
