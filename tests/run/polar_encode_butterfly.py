# The polar transform as an in-place butterfly.
# family: ldpc-polar
# entry: polar_encode
# compare: exact
import numpy as np

def polar_encode(u):
    x = u.copy()
    n = len(x)
    step = 1
    while step < n:
        for i in range(0, n, 2 * step):
            x[i:i + step] ^= x[i + step:i + 2 * step]
        step *= 2
    return x

if __name__ == "__main__":
    rng = np.random.default_rng(153)
    polar_encode(rng.integers(0, 2, 16))
    polar_encode(rng.integers(0, 2, 64))
