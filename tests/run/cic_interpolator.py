# A CIC interpolator: combs, zero stuffing, integrators.
# family: cic
# entry: cic_up
# compare: exact
import numpy as np

def cic_up(x, r, stages):
    y = x
    for _ in range(stages):
        y = np.diff(y, prepend=0)
    up = np.zeros(r * len(y), dtype=np.int64)
    up[::r] = y
    for _ in range(stages):
        up = np.cumsum(up)
    return up // r ** (stages - 1)

if __name__ == "__main__":
    rng = np.random.default_rng(75)
    cic_up(rng.integers(-128, 128, 30), 4, 3)
