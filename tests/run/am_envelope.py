# AM envelope with the mean removed.
# family: analog-modulation
# entry: am_demod
# compare: derived
import numpy as np

def am_demod(iq):
    env = np.sqrt(iq.real ** 2 + iq.imag ** 2)
    return env - env.mean()

if __name__ == "__main__":
    n = np.arange(150)
    am_demod((1 + 0.5 * np.cos(0.1 * n)) * np.exp(0.7j * n))
