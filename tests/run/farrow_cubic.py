# Cubic Farrow interpolation at a fractional delay.
# family: timing-recovery
# entry: farrow
# compare: derived
import numpy as np

def farrow(x, mu):
    a, b, c, d = x[:-3], x[1:-2], x[2:-1], x[3:]
    v3 = -a / 6 + b / 2 - c / 2 + d / 6
    v2 = a / 2 - b + c / 2
    v1 = -a / 3 - b / 2 + c - d / 6
    return ((v3 * mu + v2) * mu + v1) * mu + b

if __name__ == "__main__":
    rng = np.random.default_rng(109)
    farrow(rng.standard_normal(40), 0.3)
    farrow(rng.standard_normal(40), 0.95)
