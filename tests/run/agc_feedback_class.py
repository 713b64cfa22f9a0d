# A feedback AGC class with attack and decay rates.
# family: agc
# entry: Agc
# compare: derived
import numpy as np

class Agc:
    def __init__(self, reference=1.0, attack=0.1, decay=0.01):
        self.reference = reference
        self.attack = attack
        self.decay = decay
        self.gain = 1.0

    def process(self, x):
        y = np.zeros_like(x)
        for n in range(len(x)):
            y[n] = x[n] * self.gain
            e = self.reference - np.abs(y[n])
            self.gain += (self.decay if e > 0 else self.attack) * e
            self.gain = max(self.gain, 1e-3)
        return y

if __name__ == "__main__":
    rng = np.random.default_rng(116)
    a = Agc()
    x = rng.standard_normal(60) + 1j * rng.standard_normal(60)
    a.process(x)
    a.process(5 * x)
