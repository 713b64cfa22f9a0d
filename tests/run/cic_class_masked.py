# A CIC class on Python integers masked to 24 bits.
# family: cic
# entry: CicDecimator
# compare: exact
import numpy as np

class CicDecimator:
    MASK = (1 << 24) - 1

    def __init__(self, rate, order=2):
        self.rate = rate
        self.integ = [0] * order
        self.comb = [0] * order
        self.count = 0

    def push(self, sample):
        v = sample
        for i in range(len(self.integ)):
            self.integ[i] = (self.integ[i] + v) & self.MASK
            v = self.integ[i]
        self.count += 1
        if self.count < self.rate:
            return 0
        self.count = 0
        for i in range(len(self.comb)):
            v, self.comb[i] = (v - self.comb[i]) & self.MASK, v
        return v - (1 << 24) if v >> 23 else v

if __name__ == "__main__":
    rng = np.random.default_rng(73)
    c = CicDecimator(4)
    for s in rng.integers(-5000, 5000, 40):
        c.push(int(s))
