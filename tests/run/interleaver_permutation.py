# A quadratic permutation interleaver stored through an index array.
# family: crc-scrambler
# entry: qpp
# compare: exact
import numpy as np

def qpp(x, f1, f2):
    k = len(x)
    i = np.arange(k)
    perm = (f1 * i + f2 * i * i) % k
    y = x[perm]
    z = np.empty_like(x)
    z[perm] = y
    return y, z

if __name__ == "__main__":
    rng = np.random.default_rng(163)
    qpp(rng.integers(0, 2, 40), 3, 10)
