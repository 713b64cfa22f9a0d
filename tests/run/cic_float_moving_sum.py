# A one-stage CIC as the difference of a running sum.
# family: cic
# entry: moving_sum
# compare: derived
import numpy as np

def moving_sum(x, r):
    c = np.cumsum(np.concatenate([np.zeros(r), x]))
    return (c[r:] - c[:-r]) / r

if __name__ == "__main__":
    rng = np.random.default_rng(74)
    moving_sum(rng.standard_normal(50), 6)
    moving_sum(rng.standard_normal(33), 6)
