# Phase as the running sum of frequency.
# family: nco-mixer
# entry: phase_from_freq
# compare: derived
import numpy as np

def phase_from_freq(freq):
    phase = 2 * np.pi * np.cumsum(freq)
    return np.mod(phase, 2 * np.pi)

if __name__ == "__main__":
    rng = np.random.default_rng(17)
    phase_from_freq(0.1 + 0.01 * rng.standard_normal(60))
