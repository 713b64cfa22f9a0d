# One biquad, transposed direct form II, sample by sample.
# family: biquad
# entry: biquad
# compare: derived
import numpy as np

def biquad(x, b, a):
    z1, z2 = 0.0, 0.0
    y = np.empty(len(x))
    for n, v in enumerate(x):
        out = b[0] * v + z1
        z1 = b[1] * v - a[1] * out + z2
        z2 = b[2] * v - a[2] * out
        y[n] = out
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(22)
    biquad(rng.standard_normal(120), np.array([0.2, 0.4, 0.2]), np.array([1.0, -0.3, 0.1]))
