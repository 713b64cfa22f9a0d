# Least-squares weights by QR and back substitution.
# family: beamforming-kalman
# entry: qr_weights
# compare: derived
import numpy as np

def qr_weights(A, d):
    Q, R = np.linalg.qr(A)
    y = Q.T @ d
    n = R.shape[1]
    w = np.zeros(n)
    for i in range(n - 1, -1, -1):
        w[i] = (y[i] - R[i, i + 1:] @ w[i + 1:]) / R[i, i]
    return w

if __name__ == "__main__":
    rng = np.random.default_rng(185)
    A = rng.standard_normal((20, 4))
    qr_weights(A, A @ np.array([1.0, -2.0, 0.5, 3.0]) + 0.01 * rng.standard_normal(20))
