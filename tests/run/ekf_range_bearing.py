# One extended Kalman step on range and bearing.
# family: beamforming-kalman
# entry: ekf_step
# compare: derived
import math
import numpy as np

def ekf_step(x, P, z, R):
    px, py = x[0], x[1]
    rng = math.hypot(px, py)
    h = np.array([rng, math.atan2(py, px)])
    H = np.array([[px / rng, py / rng, 0.0], [-py / rng ** 2, px / rng ** 2, 0.0]])
    S = H @ P @ H.T + R
    K = np.linalg.solve(S.T, H @ P.T).T
    innov = z - h
    innov[1] = (innov[1] + math.pi) % (2 * math.pi) - math.pi
    return x + K @ innov, P - K @ S @ K.T

if __name__ == "__main__":
    ekf_step(np.array([3.0, 4.0, 0.1]), np.diag([1.0, 2.0, 0.5]), np.array([5.2, 0.9]), np.diag([0.1, 0.01]))
    ekf_step(np.array([-3.0, 0.1, 0.1]), np.eye(3), np.array([3.1, -3.1]), np.diag([0.1, 0.01]))
