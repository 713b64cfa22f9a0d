# min of a complex value and a float turns a float state complex.
# family: agc
# entry: GainLimit
# compare: derived
import numpy as np

class GainLimit:
    def __init__(self, limit):
        self.gain = 1.0
        self.limit = limit

    def step(self, x):
        y = x * self.gain
        self.gain = min(self.gain + 0.1 * (1.0 - y * np.conj(y)), self.limit)
        return y

if __name__ == "__main__":
    g = GainLimit(2.0)
    for v in np.array([0.5 + 0.1j, 1.2 - 0.3j, 0.2j, 0.1 + 0j, 2.0 - 2.0j]):
        g.step(v)
