# A Kalman filter class with predict and update and np.linalg.inv.
# family: beamforming-kalman
# entry: Kalman
# compare: derived
import numpy as np

class Kalman:
    def __init__(self, dim_x, dim_z):
        self.x = np.zeros((dim_x, 1))
        self.P = np.eye(dim_x)
        self.F = np.eye(dim_x)
        self.H = np.zeros((dim_z, dim_x))
        self.Q = np.eye(dim_x)
        self.R = np.eye(dim_z)

    def predict(self):
        self.x = np.dot(self.F, self.x)
        self.P = np.dot(self.F, self.P).dot(self.F.T) + self.Q

    def update(self, z):
        z = np.reshape(z, (-1, 1))
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ y
        IKH = np.eye(self.x.shape[0]) - K @ self.H
        self.P = IKH @ self.P @ IKH.T + K @ self.R @ K.T
        return self.x.copy()

if __name__ == "__main__":
    rng = np.random.default_rng(182)
    kf = Kalman(4, 2)
    kf.F = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    kf.H = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    kf.Q *= 0.01
    for k in range(10):
        kf.predict()
        kf.update(np.array([k, 2 * k]) + 0.1 * rng.standard_normal(2))
