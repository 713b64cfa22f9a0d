# Attributes that the bench sets, or stores into, between calls: numbers, arrays, those of an object inside, a property.
# family: classes
# entry: Shelf
# compare: derived
import numpy as np

class Slope:
    def __init__(self):
        self.rise = 0.5

class Shelf:
    def __init__(self, gain):
        self.gain = gain
        self.taps = np.array([0.5, 0.25, 0.25])
        self.slope = Slope()
        self.bypass = False
        self.title = "shelf"
        self._corner = 100.0

    @property
    def corner(self):
        return self._corner

    @corner.setter
    def corner(self, value):
        self._corner = abs(value)

    def process(self, x):
        if self.bypass:
            return x.copy()
        y = np.convolve(x, self.taps)[:len(x)]
        return self.gain * y + self.slope.rise * x / (1.0 + self._corner)

if __name__ == "__main__":
    shelf = Shelf(2.0)
    shelf.gain = 1.5
    x = np.sin(0.3 * np.arange(12))
    shelf.process(x)
    shelf.gain = 0.25
    shelf.title = "lower"
    shelf.process(x)
    shelf.taps[1] = -1.0
    shelf.process(x[:7])
    shelf.taps = np.array([0.0, 0.0, 1.0])
    shelf.slope.rise = -2.0
    shelf.process(x)
    shelf.corner = -30.0
    shelf.process(x)
    shelf.bypass = True
    shelf.process(x)
    shelf.bypass = False
    shelf.process(x)
