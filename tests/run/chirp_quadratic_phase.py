# A linear chirp from its quadratic phase.
# family: nco-mixer
# entry: chirp
# compare: derived
import numpy as np

def chirp(n, f0, f1):
    t = np.arange(n) / n
    return np.exp(1j * 2 * np.pi * n * (f0 * t + 0.5 * (f1 - f0) * t ** 2))

if __name__ == "__main__":
    chirp(64, -0.2, 0.2)
