# Circular correlation by FFT with the position of its peak.
# family: correlation
# entry: acquire
# compare: derived
import numpy as np

def acquire(x, code):
    c = np.abs(np.fft.ifft(np.fft.fft(x) * np.conj(np.fft.fft(code)))) ** 2
    k = int(np.argmax(c))
    return k, c[k] / np.mean(c)

if __name__ == "__main__":
    rng = np.random.default_rng(102)
    code = rng.choice([-1.0, 1.0], 63)
    acquire(np.roll(code, 17) + 0.2 * rng.standard_normal(63), code)
