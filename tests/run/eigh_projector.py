# A noise subspace projector from eigh, free of eigenvector signs.
# family: linalg
# entry: noise_projector
# compare: derived
import numpy as np

def noise_projector(R, k):
    w, V = np.linalg.eigh(R)
    En = V[:, :R.shape[0] - k]
    return w, En @ En.conj().T

if __name__ == "__main__":
    rng = np.random.default_rng(296)
    A = rng.standard_normal((4, 2)) + 1j * rng.standard_normal((4, 2))
    noise_projector(A @ A.conj().T + np.diag([0.1, 0.2, 0.3, 0.4]), 2)
