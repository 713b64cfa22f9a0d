# A polynomial fit removed from data and its derivative coefficients.
# family: math
# entry: detrend
# compare: derived
import numpy as np

def detrend(y, order):
    t = np.linspace(-1, 1, len(y))
    c = np.polyfit(t, y, order)
    return y - np.polyval(c, t), np.polyder(c)

if __name__ == "__main__":
    rng = np.random.default_rng(358)
    detrend(rng.standard_normal(25), 2)
    detrend(rng.standard_normal(40), 2)
