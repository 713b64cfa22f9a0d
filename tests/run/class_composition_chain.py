# An object that holds other objects and calls them in a chain.
# family: classes
# entry: Receiver
# compare: derived
import numpy as np

class Mixer:
    def __init__(self, f):
        self.f, self.n = f, 0

    def run(self, x):
        idx = self.n + np.arange(len(x))
        self.n += len(x)
        return x * np.exp(-2j * np.pi * self.f * idx)

class Average:
    def __init__(self, size):
        self.h = np.full(size, 1.0 / size)
        self.hist = np.zeros(size - 1, dtype=complex)

    def run(self, x):
        ext = np.concatenate([self.hist, x])
        self.hist = ext[-(len(self.h) - 1):]
        return np.convolve(ext, self.h, "valid")

class Receiver:
    def __init__(self, f, size):
        self.chain = [Mixer(f), Average(size)]

    def run(self, x):
        for block in self.chain:
            x = block.run(x)
        return np.abs(x)

if __name__ == "__main__":
    rng = np.random.default_rng(250)
    r = Receiver(0.1, 5)
    r.run(rng.standard_normal(12))
    r.run(rng.standard_normal(12))
