# Sums and extremes along axes with keepdims and negative axes.
# family: reductions
# entry: reduce_all
# compare: derived
import numpy as np

def reduce_all(a):
    return (a.sum(axis=-1), a.mean(axis=(0, 2)), a.max(axis=1, keepdims=True), np.ptp(a, axis=0),
            a.argmin(axis=2), np.prod(a[:, 0], axis=0), a - a.mean(axis=1, keepdims=True))

if __name__ == "__main__":
    rng = np.random.default_rng(270)
    reduce_all(rng.standard_normal((3, 4, 5)))
