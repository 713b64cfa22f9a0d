# A channelizer class that takes one sample per call.
# family: channelizer
# entry: Channelizer
# compare: derived
import numpy as np

class Channelizer:
    def __init__(self, m, taps):
        self.m = m
        self.branches = taps.reshape(-1, m).T.copy()
        self.lines = np.zeros((m, self.branches.shape[1]), dtype=complex)
        self.k = m - 1

    def push(self, x):
        self.lines[self.k, 1:] = self.lines[self.k, :-1]
        self.lines[self.k, 0] = x
        self.k -= 1
        if self.k >= 0:
            return np.zeros(self.m, dtype=complex)
        self.k = self.m - 1
        return np.fft.ifft(np.sum(self.branches * self.lines, axis=1)) * self.m

if __name__ == "__main__":
    rng = np.random.default_rng(166)
    c = Channelizer(4, np.hanning(16))
    for v in rng.standard_normal(24):
        c.push(v + 0.5j)
