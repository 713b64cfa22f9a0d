# functools.reduce over an array, a list of arrays and with a start value.
# family: functions
# entry: cascade
# compare: derived
from functools import reduce

import numpy as np


def cascade(x, h, k):
    stages = [h, h[::-1], np.array([1.0, -1.0])]
    combined = reduce(np.convolve, stages)
    peak = reduce(lambda a, b: a if a > b else b, x)
    horner = reduce(lambda acc, c: acc * k + c, x, 0.5)
    return np.convolve(x, combined), peak, horner


if __name__ == "__main__":
    cascade(np.array([1.0, 3.0, -2.0, 0.5]), np.array([0.25, 0.5, 0.75]), 1.5)
    cascade(np.array([-1.0, 0.0, 2.0, 2.5]), np.array([1.0, 2.0, -1.0]), -0.5)
