# Rounding halves to even in Python and NumPy, to integers and to decimals.
# family: integers
# entry: rounds
# compare: exact
import numpy as np

def rounds(x, v):
    return np.round(x), np.rint(x), round(v), int(v), np.floor(x), np.ceil(x), np.trunc(x)

if __name__ == "__main__":
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 2.4999999999999996])
    rounds(x, 2.5)
    rounds(x, -3.5)
    rounds(x, 0.5)
