# A range-Doppler map by two FFTs with windows and shift.
# family: radar
# entry: range_doppler
# compare: derived
import numpy as np

def range_doppler(beat):
    n_chirp, n_samp = beat.shape
    w = np.hanning(n_samp)[None, :] * np.hamming(n_chirp)[:, None]
    r = np.fft.fft(beat * w, axis=1)[:, :n_samp // 2]
    rd = np.fft.fftshift(np.fft.fft(r, axis=0), axes=0)
    return 20 * np.log10(np.abs(rd) + 1e-6)

if __name__ == "__main__":
    k = np.arange(16)[:, None]
    n = np.arange(32)[None, :]
    range_doppler(np.exp(2j * np.pi * (0.2 * n + 0.1 * k)) + 0.3 * np.exp(2j * np.pi * (0.35 * n - 0.2 * k)))
