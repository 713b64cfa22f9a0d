# A FIR class with a circular buffer, one sample per call.
# family: fir
# entry: CircularFir
# compare: derived
import numpy as np

class CircularFir:
    def __init__(self, taps):
        self.taps = np.asarray(taps, dtype=float)
        self.buf = np.zeros(len(taps))
        self.idx = 0

    def step(self, x):
        n = len(self.taps)
        self.buf[self.idx] = x
        acc = 0.0
        for k in range(n):
            acc += self.taps[k] * self.buf[self.idx - k]
        self.idx = (self.idx + 1) % n
        return acc

if __name__ == "__main__":
    rng = np.random.default_rng(40)
    f = CircularFir([0.1, 0.2, 0.4, 0.2, 0.1])
    for v in rng.standard_normal(20):
        f.step(v)
