# Toeplitz and circulant matrices from data.
# family: linalg
# entry: operators
# compare: derived
import numpy as np
from scipy import linalg

def operators(c, x):
    T = linalg.toeplitz(c, np.r_[c[0], np.zeros(len(x) - 1)])
    C = linalg.circulant(c)
    return T @ x, C @ x, linalg.solve_toeplitz(c + np.array([5, 0, 0, 0]), x)

if __name__ == "__main__":
    operators(np.array([1.0, 0.5, -0.25, 0.1]), np.array([1.0, 2.0, -1.0, 0.5]))
