# Sigma points from a Cholesky factor and their weighted mean.
# family: beamforming-kalman
# entry: sigma_points
# compare: derived
import numpy as np

def sigma_points(x, P, kappa=1.0):
    n = len(x)
    U = np.linalg.cholesky((n + kappa) * P)
    pts = np.zeros((2 * n + 1, n))
    pts[0] = x
    for k in range(n):
        pts[k + 1] = x + U[:, k]
        pts[n + k + 1] = x - U[:, k]
    w = np.full(2 * n + 1, 0.5 / (n + kappa))
    w[0] = kappa / (n + kappa)
    f = np.sin(pts)
    mean = w @ f
    d = f - mean
    return mean, (w[:, None] * d).T @ d

if __name__ == "__main__":
    sigma_points(np.array([0.1, 0.5, -0.3]), np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]]))
