# A real tone from amplitude, frequency and phase.
# family: nco-mixer
# entry: tone
# compare: derived
import numpy as np

def tone(n, f, phase):
    t = np.arange(n)
    return 0.7 * np.cos(2 * np.pi * f * t + phase)

if __name__ == "__main__":
    tone(50, 0.05, 0.3)
