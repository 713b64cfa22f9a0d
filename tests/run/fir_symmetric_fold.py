# A symmetric FIR that adds mirrored samples before multiplying.
# family: fir
# entry: symmetric_fir
# compare: derived
import numpy as np

def symmetric_fir(x, half, centre):
    m = len(half)
    y = np.zeros(len(x) - 2 * m)
    for n in range(len(y)):
        w = x[n:n + 2 * m + 1]
        y[n] = np.sum(half * (w[:m] + w[:m:-1])) + centre * w[m]
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(45)
    symmetric_fir(rng.standard_normal(70), rng.standard_normal(6), 0.9)
    symmetric_fir(rng.standard_normal(41), rng.standard_normal(6), 0.9)
