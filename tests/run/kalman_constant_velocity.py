# A constant-velocity Kalman filter with a scalar measurement.
# family: beamforming-kalman
# entry: kalman_cv
# compare: derived
import numpy as np

def kalman_cv(z, dt=1.0, q=0.01, r=0.5):
    F = np.array([[1, dt], [0, 1]])
    H = np.array([[1.0, 0.0]])
    Q = q * np.array([[dt ** 3 / 3, dt ** 2 / 2], [dt ** 2 / 2, dt]])
    x = np.zeros(2)
    P = np.eye(2) * 10
    out = np.zeros((len(z), 2))
    for k in range(len(z)):
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + r
        K = P @ H.T / S
        x = x + K[:, 0] * (z[k] - x[0])
        P = (np.eye(2) - K @ H) @ P
        out[k] = x
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(181)
    kalman_cv(0.3 * np.arange(40) + 0.5 * rng.standard_normal(40))
