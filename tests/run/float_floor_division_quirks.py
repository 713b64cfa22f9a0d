# Float floor division and modulo at values that are not quite multiples.
# family: math
# entry: quotients
# compare: derived
import numpy as np

def quotients(x, d):
    return x // d, x % d, 1.0 // 0.1, 1.0 % 0.1, -1e-20 % 3.0, np.floor(x / d)

if __name__ == "__main__":
    quotients(np.array([1.0, 0.3, -0.3, 6.0, -7.5]), 0.1)
    quotients(np.array([1.0, 0.3, -0.3, 6.0, -7.5]), -2.5)
