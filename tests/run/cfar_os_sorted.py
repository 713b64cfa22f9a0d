# Ordered-statistic CFAR with np.sort on each window.
# family: cfar
# entry: os_cfar
# compare: derived
import numpy as np

def os_cfar(x, half, k, alpha):
    out = np.zeros(len(x))
    for i in range(half, len(x) - half):
        win = np.concatenate((x[i - half:i - 1], x[i + 2:i + half + 1]))
        out[i] = alpha * np.sort(win)[k]
    return out, np.flatnonzero(x[half:-half] > out[half:-half]) + half

if __name__ == "__main__":
    rng = np.random.default_rng(177)
    x = rng.exponential(1.0, 70)
    x[33] = 40.0
    os_cfar(x, 6, 7, 5.0)
