# Phase modulation of a carrier with a deviation constant.
# family: analog-modulation
# entry: pm
# compare: derived
import numpy as np

def pm(m, fc, kp):
    n = np.arange(m.size)
    return np.cos(2.0 * np.pi * fc * n + kp * m)

if __name__ == "__main__":
    rng = np.random.default_rng(94)
    pm(rng.uniform(-1, 1, 64), 0.125, 0.8)
