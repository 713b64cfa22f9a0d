# An NLMS class that overrides the step of a base filter.
# family: adaptive
# entry: Nlms
# compare: derived
import numpy as np

class AdaptiveFilter:
    def __init__(self, n, mu):
        self.w = np.zeros(n)
        self.mu = mu

    def step_size(self, u):
        return self.mu

    def adapt(self, d, u):
        y = np.dot(self.w, u)
        e = d - y
        self.w = self.w + self.step_size(u) * e * u
        return y, e

class Nlms(AdaptiveFilter):
    def __init__(self, n, mu=0.5, eps=1e-3):
        super().__init__(n, mu)
        self.eps = eps

    def step_size(self, u):
        return self.mu / (self.eps + np.dot(u, u))

if __name__ == "__main__":
    rng = np.random.default_rng(140)
    f = Nlms(4)
    true = np.array([0.3, -0.2, 0.1, 0.05])
    for u in rng.standard_normal((20, 4)):
        f.adapt(true @ u, u)
