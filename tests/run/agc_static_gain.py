# Block gain that brings a signal to unit RMS.
# family: agc
# entry: normalise
# compare: derived
import numpy as np

def normalise(x):
    rms = np.sqrt(np.mean(np.abs(x) ** 2))
    if rms > 0:
        return x / rms
    return x

if __name__ == "__main__":
    rng = np.random.default_rng(30)
    normalise(5.0 * rng.standard_normal(80))
    normalise(np.zeros(80))
