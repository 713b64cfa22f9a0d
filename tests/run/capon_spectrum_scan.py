# A Capon spectrum scanned over angles with einsum.
# family: beamforming-kalman
# entry: capon
# compare: derived
import numpy as np

def capon(X, angles):
    m = X.shape[0]
    Rinv = np.linalg.inv(np.einsum("ik,jk->ij", X, X.conj()) / X.shape[1] + 0.01 * np.eye(m))
    A = np.exp(1j * np.pi * np.outer(np.arange(m), np.sin(angles)))
    return 1 / np.real(np.einsum("ia,ij,ja->a", A.conj(), Rinv, A))

if __name__ == "__main__":
    rng = np.random.default_rng(188)
    s = rng.standard_normal(40)
    a = np.exp(1j * np.pi * np.arange(5) * 0.5)
    capon(np.outer(a, s) + 0.1 * rng.standard_normal((5, 40)), np.linspace(-1, 1, 15))
