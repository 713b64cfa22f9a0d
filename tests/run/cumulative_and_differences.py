# cumsum, cumprod, diff of higher order, maximum.accumulate and trapezoid.
# family: reductions
# entry: running
# compare: derived
import numpy as np

def running(x):
    return (np.cumsum(x), np.cumprod(1 + 0.1 * x), np.diff(x, n=2), np.maximum.accumulate(x),
            np.trapezoid(x, dx=0.5), np.cumsum(x.reshape(2, -1), axis=1))

if __name__ == "__main__":
    rng = np.random.default_rng(272)
    running(rng.standard_normal(12))
