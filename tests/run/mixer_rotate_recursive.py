# A recursive rotator with periodic renormalisation.
# family: nco-mixer
# entry: rotate
# compare: derived
import numpy as np

def rotate(x, f):
    w = np.exp(1j * 2 * np.pi * f)
    ph = 1 + 0j
    y = np.zeros(len(x), dtype=complex)
    for n in range(len(x)):
        y[n] = x[n] * ph
        ph *= w
        if n % 16 == 15:
            ph /= abs(ph)
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(64)
    rotate(rng.standard_normal(70) + 1j * rng.standard_normal(70), 0.0371)
