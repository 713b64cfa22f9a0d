# OFDM reception with a one-tap equaliser from a training symbol.
# family: ofdm
# entry: ofdm_demod
# compare: derived
import numpy as np

def ofdm_demod(rx, training, nfft=32, cp=8):
    sym = rx.reshape(-1, nfft + cp)[:, cp:]
    F = np.fft.fft(sym, axis=1)
    H = F[0] / training
    return F[1:] / H[np.newaxis, :]

if __name__ == "__main__":
    rng = np.random.default_rng(135)
    training = rng.choice([-1.0, 1.0], 32) + 0j
    data = rng.choice([-1.0, 1.0], (4, 32)) + 0j
    t = np.fft.ifft(np.vstack((training[None, :], data)), axis=1)
    tx = np.hstack((t[:, -8:], t)).ravel()
    ofdm_demod(np.convolve(tx, [1.0, 0.4 - 0.2j])[:tx.size], training)
