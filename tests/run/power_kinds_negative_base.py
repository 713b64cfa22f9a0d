# A negative base to a fraction: complex in Python, NaN in NumPy.
# family: promotion
# entry: roots
# compare: derived
import numpy as np

def roots(v, x):
    p = v ** 0.5
    with np.errstate(invalid="ignore"):
        q = x ** 0.5
    return abs(p), q, 2 ** -1, (-2) ** 3, np.float64(abs(v)) ** -2

if __name__ == "__main__":
    roots(-4.0, np.array([-4.0, 9.0]))
    roots(-2.25, np.array([2.0, -0.0]))
