# An equiripple design by remez and a fast convolution.
# family: fir
# entry: equiripple
# compare: derived
import numpy as np
from scipy import signal

def equiripple(x):
    h = signal.remez(31, [0, 0.1, 0.15, 0.5], [1, 0], fs=1.0)
    return signal.fftconvolve(x, h, mode="same")

if __name__ == "__main__":
    rng = np.random.default_rng(351)
    equiripple(rng.standard_normal(100))
