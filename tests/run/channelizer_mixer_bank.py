# A bank of mixers and moving averages built with a comprehension.
# family: channelizer
# entry: bank
# compare: derived
import numpy as np

def bank(x, centres):
    n = np.arange(len(x))
    rows = [np.convolve(x * np.exp(-2j * np.pi * f * n), np.ones(8) / 8, "valid")[::8] for f in centres]
    return np.vstack(rows)

if __name__ == "__main__":
    rng = np.random.default_rng(168)
    bank(rng.standard_normal(80), (0.0, 0.125, 0.25, 0.375))
