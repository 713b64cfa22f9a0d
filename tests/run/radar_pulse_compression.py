# Pulse compression of a chirp by FFT multiplication.
# family: radar
# entry: compress
# compare: derived
import numpy as np

def compress(rx, tx):
    n = len(rx) + len(tx) - 1
    nfft = 1
    while nfft < n:
        nfft *= 2
    R = np.fft.fft(rx, nfft)
    T = np.fft.fft(tx, nfft)
    return np.fft.ifft(R * T.conj())[:len(rx)]

if __name__ == "__main__":
    rng = np.random.default_rng(170)
    t = np.arange(32) / 32
    tx = np.exp(1j * np.pi * 16 * t ** 2)
    rx = 0.1 * (rng.standard_normal(100) + 1j * rng.standard_normal(100))
    rx[40:72] += tx
    compress(rx, tx)
