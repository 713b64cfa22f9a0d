# Denormal results are kept by halving and doubling.
# family: math
# entry: tiny
# compare: exact
import numpy as np

def tiny(x, n):
    y = x.copy()
    for _ in range(n):
        y *= 0.5
    return y, y * 2.0 ** n, y > 0

if __name__ == "__main__":
    tiny(np.array([2.0 ** -1060, 2.0 ** -1070, -(2.0 ** -1074)]), 3)
