# polyval, Horner's rule, and polynomial products by convolve.
# family: math
# entry: polys
# compare: derived
import numpy as np

def polys(c, x):
    h = np.zeros_like(x)
    for k in c:
        h = h * x + k
    return np.polyval(c, x), h, np.convolve(c, c)

if __name__ == "__main__":
    polys(np.array([0.5, -1.0, 0.0, 2.0]), np.linspace(-2, 2, 9))
