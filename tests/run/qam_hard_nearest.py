# Hard decisions by the nearest constellation point.
# family: qam
# entry: nearest
# compare: exact
import numpy as np

def nearest(y, const):
    dist = np.abs(y.reshape(-1, 1) - const)
    return np.argmin(dist, axis=1)

if __name__ == "__main__":
    rng = np.random.default_rng(127)
    const = np.exp(2j * np.pi * np.arange(8) / 8)
    nearest(rng.standard_normal(25) + 1j * rng.standard_normal(25), const)
