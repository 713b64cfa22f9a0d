# A constant-modulus equaliser on complex samples.
# family: adaptive
# entry: cma
# compare: derived
import numpy as np

def cma(x, ntaps=7, mu=0.005):
    w = np.zeros(ntaps, dtype=complex)
    w[ntaps // 2] = 1.0
    y = np.zeros(len(x) - ntaps + 1, dtype=complex)
    for n in range(len(y)):
        u = x[n:n + ntaps]
        y[n] = np.dot(w, u)
        err = y[n] * (1.0 - np.abs(y[n]) ** 2)
        w += mu * err * np.conj(u)
    return y, w

if __name__ == "__main__":
    rng = np.random.default_rng(142)
    s = np.exp(1j * (np.pi / 4 + np.pi / 2 * rng.integers(0, 4, 120)))
    cma(np.convolve(s, [1.0, 0.2 + 0.1j])[:120])
