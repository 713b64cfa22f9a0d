# An alpha-beta tracker that coasts when a plot is missing.
# family: radar
# entry: AlphaBeta
# compare: derived
import numpy as np

class AlphaBeta:
    def __init__(self, dt, alpha=0.5, beta=0.1):
        self.dt, self.alpha, self.beta = dt, alpha, beta
        self.x = 0.0
        self.v = 0.0
        self.missed = 0

    def update(self, z):
        pred = self.x + self.v * self.dt
        if np.isnan(z):
            self.missed += 1
            self.x = pred
            return self.x, self.missed
        r = z - pred
        self.x = pred + self.alpha * r
        self.v += self.beta * r / self.dt
        self.missed = 0
        return self.x, self.missed

if __name__ == "__main__":
    t = AlphaBeta(0.1)
    for k in range(15):
        t.update(np.nan if k in (5, 6) else 2.0 + 0.3 * k)
