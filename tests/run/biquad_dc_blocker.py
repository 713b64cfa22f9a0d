# A DC blocker class stepped by sample.
# family: biquad
# entry: DcBlocker
# compare: derived
import numpy as np

class DcBlocker:
    def __init__(self, r=0.995):
        self.r = r
        self.reset()

    def reset(self):
        self.x1 = 0.0
        self.y1 = 0.0

    def step(self, x):
        y = x - self.x1 + self.r * self.y1
        self.x1 = x
        self.y1 = y
        return y

if __name__ == "__main__":
    d = DcBlocker(0.9)
    for v in np.linspace(0.0, 1.0, 15):
        d.step(v)
    d.reset()
    d.step(1.0)
    d.step(1.0)
