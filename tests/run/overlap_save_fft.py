# Overlap-save filtering in a while loop.
# family: correlation
# entry: overlap_save
# compare: derived
import numpy as np

def overlap_save(x, h, nfft=32):
    m = len(h)
    step = nfft - m + 1
    H = np.fft.fft(h, nfft)
    xp = np.concatenate([np.zeros(m - 1), x, np.zeros(nfft)])
    y = np.zeros(len(x) + nfft)
    pos = 0
    while pos < len(x):
        seg = np.fft.ifft(np.fft.fft(xp[pos:pos + nfft]) * H)
        y[pos:pos + step] = seg[m - 1:].real
        pos += step
    return y[:len(x)]

if __name__ == "__main__":
    rng = np.random.default_rng(100)
    overlap_save(rng.standard_normal(100), rng.standard_normal(9))
    overlap_save(rng.standard_normal(65), rng.standard_normal(9))
