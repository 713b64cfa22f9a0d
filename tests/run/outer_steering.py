# Steering vectors of a uniform linear array by np.outer.
# family: beamforming-kalman
# entry: steering
# compare: derived
import numpy as np

def steering(theta, n_elem):
    k = np.arange(n_elem)
    return np.exp(2j * np.pi * 0.5 * np.outer(k, np.sin(theta)))

if __name__ == "__main__":
    steering(np.linspace(-1.2, 1.2, 9), 8)
