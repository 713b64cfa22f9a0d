# Frequency shift by a complex exponential of arange.
# family: nco-mixer
# entry: mix
# compare: derived
import numpy as np

def mix(x, f):
    n = np.arange(len(x))
    return x * np.exp(-2j * np.pi * f * n)

if __name__ == "__main__":
    rng = np.random.default_rng(7)
    mix(rng.standard_normal(64) + 1j * rng.standard_normal(64), 0.125)
    mix(rng.standard_normal(33) + 1j * rng.standard_normal(33), -0.31)
