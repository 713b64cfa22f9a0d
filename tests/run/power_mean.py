# Mean power of a complex signal.
# family: reductions
# entry: power
# compare: derived
import numpy as np

def power(x):
    return np.mean(np.abs(x) ** 2)

if __name__ == "__main__":
    rng = np.random.default_rng(6)
    power(rng.standard_normal(128) + 1j * rng.standard_normal(128))
