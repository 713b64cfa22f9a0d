# float64 values rounded to float32 and back: gcc 12 dropped the rounding of neighbours outside of loops, and contracted the parts of a complex scalar.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(x, w, z, g):
    narrow = x.astype(np.float32) + w
    pair = x[:2].astype(np.float32) * np.float64(3.0)
    rows = [np.float64(np.float32(x[k])) - np.float64(np.float32(x[k + 1])) for k in range(4)]
    return np.fft.fft(narrow).imag, pair, np.array(rows), complex(np.sum(x), g) * z[0]

if __name__ == "__main__":
    for g in (0.5, 1.5):
        k = np.arange(12)
        f(np.sin(1.7 * k) * 1.3, (k * 37 % 300 - 150).astype(np.int16), np.exp(1j * k), g)
