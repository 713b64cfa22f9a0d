# A streaming CIC class on int64 arrays with carried integrator and comb state.
# family: cic
# entry: CicStream
# compare: exact
import numpy as np

class CicStream:
    def __init__(self, rate, stages):
        self.rate = rate
        self.integ = np.zeros(stages, dtype=np.int64)
        self.delay = np.zeros(stages, dtype=np.int64)

    def process(self, x):
        v = x.astype(np.int64)
        for k in range(len(self.integ)):
            v = np.cumsum(v) + self.integ[k]
            self.integ[k] = v[-1]
        v = v[self.rate - 1::self.rate]
        for k in range(len(self.delay)):
            d = np.concatenate((self.delay[k:k + 1], v[:-1]))
            self.delay[k] = v[-1]
            v = v - d
        return v

if __name__ == "__main__":
    rng = np.random.default_rng(394)
    c = CicStream(4, 3)
    c.process(rng.integers(-100, 100, 32))
    c.process(rng.integers(-100, 100, 32))
