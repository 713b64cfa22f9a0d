# Streaming sosfilt with its state in an attribute.
# family: biquad
# entry: Highpass
# compare: derived
import numpy as np
from scipy import signal

class Highpass:
    def __init__(self, cutoff, fs):
        self.sos = signal.butter(4, cutoff, btype="highpass", fs=fs, output="sos")
        self.zi = np.zeros((self.sos.shape[0], 2))

    def __call__(self, x):
        y, self.zi = signal.sosfilt(self.sos, x, zi=self.zi)
        return y

if __name__ == "__main__":
    rng = np.random.default_rng(78)
    hp = Highpass(100.0, 8000.0)
    hp(rng.standard_normal(50))
    hp(rng.standard_normal(50))
