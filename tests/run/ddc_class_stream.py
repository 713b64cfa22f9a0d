# A streaming down-converter class built from two helper objects.
# family: ddc-duc
# entry: Ddc
# compare: derived
import numpy as np
from scipy import signal

class Oscillator:
    def __init__(self, f):
        self.f = f
        self.n = 0

    def block(self, length):
        idx = np.arange(self.n, self.n + length)
        self.n += length
        return np.exp(-2j * np.pi * self.f * idx)

class Ddc:
    def __init__(self, f, decim):
        self.osc = Oscillator(f)
        self.h = signal.firwin(21, 1.0 / decim)
        self.zi = np.zeros(20, dtype=complex)
        self.decim = decim

    def process(self, x):
        y, self.zi = signal.lfilter(self.h, [1.0], x * self.osc.block(len(x)), zi=self.zi)
        return y[::self.decim]

if __name__ == "__main__":
    rng = np.random.default_rng(68)
    d = Ddc(0.1, 4)
    d.process(rng.standard_normal(40))
    d.process(rng.standard_normal(40))
