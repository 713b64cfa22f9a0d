# Averaged periodogram shifted to a centred spectrum.
# family: fft-windows
# entry: welch
# compare: derived
import numpy as np

def welch(x, nfft):
    w = np.blackman(nfft)
    acc = np.zeros(nfft)
    count = 0
    for start in range(0, len(x) - nfft + 1, nfft // 2):
        seg = x[start:start + nfft] * w
        acc += np.abs(np.fft.fft(seg)) ** 2
        count += 1
    return np.fft.fftshift(acc / count)

if __name__ == "__main__":
    rng = np.random.default_rng(58)
    welch(rng.standard_normal(200) + 1j * rng.standard_normal(200), 64)
