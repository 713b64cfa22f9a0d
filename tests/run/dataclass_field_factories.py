# A dataclass whose instances each get a list of their own.
# family: agc
# entry: gains
# compare: derived
from dataclasses import dataclass, field

import numpy as np

@dataclass
class Meter:
    weight: float
    floor: float = 0.25
    levels: list = field(default_factory=list)
    notes: dict = field(default_factory=dict)

    def add(self, v):
        self.levels.append(max(self.floor, abs(v) * self.weight))
        self.notes["last"] = v
        return self

def gains(x):
    a = Meter(0.5)
    b = Meter(2.0, floor=1.0)
    for v in x[:3]:
        a.add(v).add(-v)
        b.add(v)
    return np.array(a.levels), np.array(b.levels) * b.notes["last"], len(a.levels), a.notes["last"]

if __name__ == "__main__":
    gains(np.array([0.1, -2.0, 3.0, 0.5]))
    gains(np.array([1.5, -2.7, 0.3, 0.1, 4.0]))
