# Recursive least squares with an outer-product update.
# family: adaptive
# entry: Rls
# compare: derived
import numpy as np

class Rls:
    def __init__(self, n, lam=0.98, delta=10.0):
        self.lam = lam
        self.w = np.zeros((n, 1))
        self.P = delta * np.eye(n)

    def update(self, x, d):
        x = x.reshape(-1, 1)
        g = self.P @ x / (self.lam + x.T @ self.P @ x)
        e = d - (self.w.T @ x)[0, 0]
        self.w = self.w + g * e
        self.P = (self.P - g @ x.T @ self.P) / self.lam
        return e

if __name__ == "__main__":
    rng = np.random.default_rng(141)
    r = Rls(3)
    for x in rng.standard_normal((25, 3)):
        r.update(x, x @ np.array([1.0, -0.5, 0.25]))
