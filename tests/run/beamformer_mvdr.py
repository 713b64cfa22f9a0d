# MVDR weights from a loaded sample covariance.
# family: beamforming-kalman
# entry: mvdr
# compare: derived
import numpy as np

def mvdr(X, angle):
    m, n = X.shape
    R = X @ X.conj().T / n + 0.1 * np.eye(m)
    a = np.exp(1j * np.pi * np.arange(m) * np.sin(angle))
    Ra = np.linalg.solve(R, a)
    w = Ra / (a.conj() @ Ra)
    return w.conj() @ X

if __name__ == "__main__":
    rng = np.random.default_rng(184)
    X = rng.standard_normal((4, 50)) + 1j * rng.standard_normal((4, 50))
    mvdr(X, 0.3)
