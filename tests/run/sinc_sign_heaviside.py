# sinc, sign, heaviside, square and reciprocal at special points.
# family: math
# entry: shapes
# compare: derived
import numpy as np

def shapes(x):
    return np.sinc(x), np.sign(x), np.heaviside(x, 0.5), np.square(x), np.reciprocal(x + 10), np.fmax(x, 0)

if __name__ == "__main__":
    shapes(np.array([-2.0, -0.5, 0.0, 1e-9, 1.0, 2.5]))
