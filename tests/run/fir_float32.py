# A float32 FIR whose accumulator stays float32.
# family: fir
# entry: fir32
# compare: derived
import numpy as np

def fir32(x, h):
    y = np.zeros(len(x), dtype=np.float32)
    for n in range(len(h) - 1, len(x)):
        acc = np.float32(0)
        for k in range(len(h)):
            acc += h[k] * x[n - k]
        y[n] = acc
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(43)
    x = rng.standard_normal(48).astype(np.float32)
    h = rng.standard_normal(7).astype(np.float32)
    fir32(x, h)
