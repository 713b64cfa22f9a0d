# Goertzel's recurrence for one bin.
# family: correlation
# entry: goertzel
# compare: derived
import math
import numpy as np

def goertzel(x, k):
    n = len(x)
    coeff = 2 * math.cos(2 * math.pi * k / n)
    s1 = s2 = 0.0
    for v in x:
        s1, s2 = v + coeff * s1 - s2, s1
    return s1 * s1 + s2 * s2 - coeff * s1 * s2

if __name__ == "__main__":
    rng = np.random.default_rng(105)
    goertzel(rng.standard_normal(64), 5)
    goertzel(rng.standard_normal(50), 12)
