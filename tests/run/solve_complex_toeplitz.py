# A complex Toeplitz system set up in loops and solved.
# family: linalg
# entry: yule_walker
# compare: derived
import numpy as np

def yule_walker(x, p):
    r = np.array([np.vdot(x[:len(x) - k], x[k:]) for k in range(p + 1)]) / len(x)
    R = np.zeros((p, p), dtype=complex)
    for i in range(p):
        for j in range(p):
            R[i, j] = r[i - j] if i >= j else np.conj(r[j - i])
    a = np.linalg.solve(R, r[1:])
    return a, np.real(r[0] - np.conj(r[1:]) @ a)

if __name__ == "__main__":
    rng = np.random.default_rng(293)
    yule_walker(rng.standard_normal(60) + 1j * rng.standard_normal(60), 3)
