# The Schmidl-Cox metric of a repeated preamble.
# family: frame-sync
# entry: schmidl_cox
# compare: derived
import numpy as np

def schmidl_cox(r, L):
    n = len(r) - 2 * L
    P = np.zeros(n, dtype=complex)
    R = np.zeros(n)
    for d in range(n):
        P[d] = np.sum(np.conj(r[d:d + L]) * r[d + L:d + 2 * L])
        R[d] = np.sum(np.abs(r[d + L:d + 2 * L]) ** 2)
    M = np.abs(P) ** 2 / R ** 2
    k = np.argmax(M)
    return M, k, np.angle(P[k]) / np.pi

if __name__ == "__main__":
    rng = np.random.default_rng(122)
    half = rng.standard_normal(16) + 1j * rng.standard_normal(16)
    r = 0.1 * (rng.standard_normal(100) + 1j * rng.standard_normal(100))
    r[30:62] += np.tile(half, 2)
    schmidl_cox(r * np.exp(0.05j * np.arange(100)), 16)
