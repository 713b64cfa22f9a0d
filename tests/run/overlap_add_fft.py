# Overlap-add convolution by accumulating onto slices.
# family: correlation
# entry: overlap_add
# compare: derived
import numpy as np

def overlap_add(x, h, block=16):
    nfft = 2 * block
    H = np.fft.rfft(h, nfft)
    y = np.zeros(len(x) + nfft)
    for i in range(0, len(x), block):
        y[i:i + nfft] += np.fft.irfft(np.fft.rfft(x[i:i + block], nfft) * H, nfft)
    return y[:len(x) + len(h) - 1]

if __name__ == "__main__":
    rng = np.random.default_rng(101)
    overlap_add(rng.standard_normal(70), rng.standard_normal(10))
