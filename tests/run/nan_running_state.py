# A loop that replaces NaN samples with the last good one.
# family: nan-rules
# entry: hold_last
# compare: exact
import math
import numpy as np

def hold_last(x):
    y = np.zeros(len(x))
    last = 0.0
    bad = 0
    for i in range(len(x)):
        if math.isnan(x[i]):
            bad += 1
        else:
            last = x[i]
        y[i] = last
    return y, bad

if __name__ == "__main__":
    hold_last(np.array([np.nan, 1.0, np.nan, np.nan, 2.0, -1.0]))
