# An NCO class whose phase continues across blocks.
# family: nco-mixer
# entry: Nco
# compare: derived
import numpy as np

class Nco:
    def __init__(self, freq, fs):
        self.inc = 2 * np.pi * freq / fs
        self.phase = 0.0

    def generate(self, n):
        ph = self.phase + self.inc * np.arange(n)
        self.phase = (self.phase + self.inc * n) % (2 * np.pi)
        return np.cos(ph) + 1j * np.sin(ph)

if __name__ == "__main__":
    nco = Nco(1000.0, 48000.0)
    nco.generate(32)
    nco.generate(32)
    nco.generate(50)
