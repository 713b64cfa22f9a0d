# A FIR filter as two plain nested loops.
# family: fir
# entry: fir
# compare: derived
import numpy as np

def fir(x, h):
    y = np.zeros(len(x))
    for n in range(len(x)):
        acc = 0.0
        for k in range(len(h)):
            if n - k >= 0:
                acc += h[k] * x[n - k]
        y[n] = acc
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(1)
    fir(rng.standard_normal(64), rng.standard_normal(8))
