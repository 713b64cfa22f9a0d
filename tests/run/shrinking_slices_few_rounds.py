# Few rounds over slices that shrink: every size follows the loop variable.
# family: fir
# entry: staircase
# compare: derived
import numpy as np


def staircase(x):
    out = np.zeros(len(x))
    for k in range(1, 6):
        out[k:] += x[:-k] / k
    return out


if __name__ == "__main__":
    staircase(np.arange(9.0))
    staircase(np.arange(7.0) ** 2)
