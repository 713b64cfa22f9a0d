# A class that keeps a running sum and count.
# family: classes
# entry: Accumulator
# compare: derived
import numpy as np

class Accumulator:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, x):
        self.total += np.sum(x)
        self.count += len(x)
        return self.total / self.count

if __name__ == "__main__":
    rng = np.random.default_rng(31)
    a = Accumulator()
    a.add(rng.standard_normal(10))
    a.add(rng.standard_normal(10))
    a.add(rng.standard_normal(10))
