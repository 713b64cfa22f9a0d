"""Kalman tracker of one target in the plane: constant velocity, position measurements, gated.

State: x, y in m, then vx, vy in m/s. Source: Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to
Tracking and Navigation", chapters 5 and 6.
"""

import numpy as np


class KalmanTracker:
    def __init__(self, dt, acceleration=1.0, measurement_cov=((25.0, 0.0), (0.0, 25.0)), gate=13.8):
        """dt in s; `acceleration` is the standard deviation of the white acceleration in m/s^2,
        `measurement_cov` the covariance of a measured position in m^2, 2 x 2.

        `gate` bounds the squared Mahalanobis distance of a measurement; 13.8 passes 99.9 % of the true ones.
        """
        self.F = np.eye(4)
        self.F[0, 2] = dt
        self.F[1, 3] = dt
        self.H = np.zeros((2, 4))
        self.H[0, 0] = 1.0
        self.H[1, 1] = 1.0
        G = np.array([[dt**2 / 2, 0.0], [0.0, dt**2 / 2], [dt, 0.0], [0.0, dt]])
        self.Q = acceleration**2 * (G @ G.T)
        self.R = np.array(measurement_cov)
        self.gate = gate
        self.x = np.zeros(4)
        self.P = np.diag([1e6, 1e6, 1e4, 1e4])

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        """Take in one measured position; returns False if it fell outside the gate."""
        innovation = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        S_inv = np.linalg.inv(S)
        if innovation @ S_inv @ innovation > self.gate:
            return False
        K = self.P @ self.H.T @ S_inv
        self.x = self.x + K @ innovation
        # Joseph form: stays symmetric and positive definite in finite precision.
        A = np.eye(4) - K @ self.H
        self.P = A @ self.P @ A.T + K @ self.R @ K.T
        return True

    def track(self, measurements):
        """Follow the target through measured positions, float64[n, 2] in m, one every dt.

        Returns the states after each step, float64[n, 4], and how many measurements were rejected.
        """
        states = np.zeros((len(measurements), 4))
        rejected = 0
        for k, z in enumerate(measurements):
            self.predict()
            if not self.update(z):
                rejected += 1
            states[k] = self.x
        return states, rejected
