# Methods that return nothing: what they do is in the attributes.
# family: classes
# entry: Meter
# compare: derived
import numpy as np

class Meter:
    def __init__(self, alpha):
        self.alpha = alpha
        self.level = 0.0
        self.peak = 0.0
        self.recent = np.zeros(4)
        self.blocks = 0
        self.mode = "quiet"
        self.range = (0.0, 0.0)
        self.last = {"mean": 0.0, "size": 0}

    def update(self, x):
        for v in x:
            self.level = (1.0 - self.alpha) * self.level + self.alpha * abs(v)
        self.peak = max(self.peak, float(np.max(np.abs(x))))
        self.recent[:-1] = self.recent[1:]
        self.recent[-1] = np.sum(x)
        self.blocks += 1
        self.mode = "loud" if self.level > 0.5 else "quiet"
        self.range = (float(np.min(x)), float(np.max(x)))
        self.last["mean"] = float(np.mean(x))
        self.last["size"] = len(x)
        self.note = self.level * 2.0

    def clear(self):
        self.level = 0.0
        self.peak = 0.0
        self.recent = np.zeros(4)

if __name__ == "__main__":
    meter = Meter(0.1)
    t = np.arange(40)
    for k in range(4):
        meter.update(np.sin(0.2 * t) * (k + 1) / 2)
    meter.clear()
    meter.update(np.cos(0.1 * t[:9]))
