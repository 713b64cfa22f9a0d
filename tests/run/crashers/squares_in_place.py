# Squares of integers in place, again and again: gcc 12 -O3 multiplied what stood there before the first round.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(u, v, w):
    for k in range(6):
        u *= u
    for k in range(6):
        v *= v
    for k in range(2):
        for i in range(12):
            w[i] = w[i] * w[i]
    return u, v, w

if __name__ == "__main__":
    for start in (3, 4):
        k = np.arange(12)
        f((start + 2 * k).astype(np.int16), start - k, (start + k).astype(np.int32))
