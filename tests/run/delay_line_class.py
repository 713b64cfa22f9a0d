# A sample delay kept in an array attribute.
# family: classes
# entry: DelayLine
# compare: exact
import numpy as np

class DelayLine:
    def __init__(self, n):
        self.buf = np.zeros(n)
        self.pos = 0

    def step(self, x):
        y = self.buf[self.pos]
        self.buf[self.pos] = x
        self.pos = (self.pos + 1) % len(self.buf)
        return y

if __name__ == "__main__":
    d = DelayLine(5)
    for v in range(12):
        d.step(float(v))
