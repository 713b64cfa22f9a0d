# Properties with a setter that recomputes derived state.
# family: classes
# entry: Tuner
# compare: derived
import numpy as np

class Tuner:
    def __init__(self, fs):
        self.fs = fs
        self.frequency = 0.0
        self.phase = 0.0

    @property
    def frequency(self):
        return self._f

    @frequency.setter
    def frequency(self, hz):
        self._f = hz
        self._inc = 2 * np.pi * hz / self.fs

    def step(self):
        self.phase += self._inc
        if self.phase > np.pi:
            self.phase -= 2 * np.pi
        return np.cos(self.phase)

if __name__ == "__main__":
    t = Tuner(1000.0)
    t.frequency = 200.0
    t.step()
    t.step()
    t.frequency = 370.0
    t.step()
    t.frequency
