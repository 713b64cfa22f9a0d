# Float modulo follows the sign of the divisor; fmod follows the dividend.
# family: integers
# entry: wrap
# compare: derived
import math
import numpy as np

def wrap(x, period):
    return x % period, np.mod(x, -period), np.fmod(x, period), x // period, math.fmod(float(x[0]), period)

if __name__ == "__main__":
    wrap(np.array([-0.5, 5.5, -7.25, 0.0, 3.0]), 3.0)
