# Recursive successive-cancellation decoding of a polar code.
# family: ldpc-polar
# entry: sc_decode
# compare: exact
import numpy as np

FROZEN = (True, True, True, False, True, False, False, False)

def sc(llr, frozen):
    n = len(llr)
    if n == 1:
        bit = 0 if frozen[0] or llr[0] >= 0 else 1
        return np.array([bit]), np.array([bit])
    a, b = llr[:n // 2], llr[n // 2:]
    f = np.sign(a) * np.sign(b) * np.minimum(np.abs(a), np.abs(b))
    u1, x1 = sc(f, frozen[:n // 2])
    g = b + (1 - 2 * x1) * a
    u2, x2 = sc(g, frozen[n // 2:])
    return np.concatenate((u1, u2)), np.concatenate((x1 ^ x2, x2))

def sc_decode(llr):
    u, _ = sc(llr, FROZEN)
    return u

if __name__ == "__main__":
    rng = np.random.default_rng(154)
    for _ in range(3):
        sc_decode(rng.standard_normal(8) + 1.0)
