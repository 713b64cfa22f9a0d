# Rounding to decimals differs between Python and NumPy.
# family: math
# entry: to_cents
# compare: derived
import numpy as np

def to_cents(v, x):
    return round(v, 2), np.round(x, 2), np.around(x, -1), round(v), round(-v, 1)

if __name__ == "__main__":
    to_cents(2.675, np.array([2.675, 1.005, 14.5, -25.0]))
    to_cents(0.125, np.array([0.125, 0.375, 5.0, 15.0]))
