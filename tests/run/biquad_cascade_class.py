# A cascade of biquad objects held in a list.
# family: biquad
# entry: BiquadCascade
# compare: derived
import numpy as np

class Biquad:
    def __init__(self, b0, b1, b2, a1, a2):
        self.b0, self.b1, self.b2 = b0, b1, b2
        self.a1, self.a2 = a1, a2
        self.x1 = self.x2 = self.y1 = self.y2 = 0.0

    def step(self, x):
        y = self.b0 * x + self.b1 * self.x1 + self.b2 * self.x2 - self.a1 * self.y1 - self.a2 * self.y2
        self.x2, self.x1 = self.x1, x
        self.y2, self.y1 = self.y1, y
        return y

class BiquadCascade:
    def __init__(self, sections):
        self.stages = [Biquad(*s) for s in sections]

    def process(self, x):
        out = np.zeros(len(x))
        for n in range(len(x)):
            v = x[n]
            for stage in self.stages:
                v = stage.step(v)
            out[n] = v
        return out

if __name__ == "__main__":
    rng = np.random.default_rng(76)
    c = BiquadCascade([(0.2, 0.4, 0.2, -0.3, 0.1), (0.5, 0.0, -0.5, 0.2, 0.3)])
    c.process(rng.standard_normal(40))
    c.process(rng.standard_normal(40))
