# Pre-emphasis, frames, a triangular filter bank and a DCT.
# family: fft-windows
# entry: features
# compare: derived
import numpy as np
from scipy.fft import dct

def filterbank(n_filt, nfft, rate):
    hi = 2595 * np.log10(1 + rate / 2 / 700)
    mel = np.linspace(0, hi, n_filt + 2)
    bins = np.floor((nfft + 1) * 700 * (10 ** (mel / 2595) - 1) / rate).astype(int)
    fb = np.zeros((n_filt, nfft // 2 + 1))
    for m in range(n_filt):
        for k in range(bins[m], bins[m + 1]):
            fb[m, k] = (k - bins[m]) / (bins[m + 1] - bins[m])
        for k in range(bins[m + 1], bins[m + 2]):
            fb[m, k] = (bins[m + 2] - k) / (bins[m + 2] - bins[m + 1])
    return fb

def features(x, rate=8000, size=64, hop=32):
    x = np.append(x[0], x[1:] - 0.97 * x[:-1])
    n = 1 + (len(x) - size) // hop
    idx = np.arange(size) + hop * np.arange(n)[:, None]
    spec = np.abs(np.fft.rfft(x[idx] * np.hamming(size), 64)) ** 2 / 64
    e = np.log(np.maximum(spec @ filterbank(8, 64, rate).T, 1e-10))
    return dct(e, type=2, axis=1, norm="ortho")[:, :6]

if __name__ == "__main__":
    rng = np.random.default_rng(337)
    features(rng.standard_normal(256))
