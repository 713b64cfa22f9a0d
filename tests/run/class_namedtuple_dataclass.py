# A dataclass of parameters and a named tuple as result.
# family: classes
# entry: Tracker
# compare: derived
from collections import namedtuple
from dataclasses import dataclass
import numpy as np

Estimate = namedtuple("Estimate", "value slope")

@dataclass
class Gains:
    alpha: float = 0.5
    beta: float = 0.2

class Tracker:
    def __init__(self, gains=Gains()):
        self.g = gains
        self.est = Estimate(0.0, 0.0)

    def update(self, z):
        pred = self.est.value + self.est.slope
        r = z - pred
        self.est = Estimate(pred + self.g.alpha * r, self.est.slope + self.g.beta * r)
        return self.est

if __name__ == "__main__":
    t = Tracker(Gains(beta=0.1))
    for z in (1.0, 2.1, 2.9, 4.2):
        t.update(z)
