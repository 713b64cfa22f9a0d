# A preamble detector with a sliding energy ratio and a break.
# family: frame-sync
# entry: detect
# compare: exact
import numpy as np

def detect(x, win, ratio):
    e = np.abs(x) ** 2
    c = np.concatenate(([0.0], np.cumsum(e)))
    start = -1
    for n in range(win, len(x) - win):
        before = c[n] - c[n - win]
        after = c[n + win] - c[n]
        if after > ratio * before:
            start = n
            break
    return start

if __name__ == "__main__":
    rng = np.random.default_rng(124)
    x = 0.1 * rng.standard_normal(150)
    detect(x, 10, 50.0)
    x[60:] *= 30
    detect(x, 10, 50.0)
