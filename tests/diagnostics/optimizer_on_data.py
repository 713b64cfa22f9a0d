# expect: refused
# about: an iterative optimiser from scipy.optimize
# line: 11
# entry: fit_tone
import numpy as np
from scipy import optimize

def fit_tone(x):
    n = np.arange(len(x))
    cost = lambda f: float(np.sum((x - np.cos(f * n)) ** 2))
    r = optimize.minimize_scalar(cost, bounds=(0.1, 0.3), method="bounded")
    return r.x

if __name__ == "__main__":
    fit_tone(np.cos(0.2 * np.arange(32)))
