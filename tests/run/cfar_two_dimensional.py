# A two-dimensional CFAR with a wrapped window by np.roll.
# family: cfar
# entry: cfar2d
# compare: exact
import numpy as np

def cfar2d(p, t=2):
    acc = np.zeros_like(p)
    for dr in range(-t, t + 1):
        for dc in range(-t, t + 1):
            if max(abs(dr), abs(dc)) < 2:
                continue
            acc += np.roll(np.roll(p, dr, axis=0), dc, axis=1)
    return np.argwhere(16 * p > 3 * acc)[:5], acc

if __name__ == "__main__":
    p = (np.arange(12 * 10).reshape(12, 10) * 37) % 11 + 1
    p[4, 7] = 90
    cfar2d(p)
