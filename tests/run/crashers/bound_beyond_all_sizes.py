# A list of computed length, used in nested loops: a bound of more than 2^31 elements is no bound.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(x, g):
    n = len(x)
    items = []
    for i in range(n):
        items.append(x[i] + (g if n % 2 == 0 else g))
    v = np.array(items)
    for j in range(n - 1, 0, -2):
        k = 0
        while k < 6 and not ((0.1 < 2.0) and k == 3):
            k += 1
            rows = np.stack([np.convolve(v, [0.25, 0.5, 0.25])[1:-1], np.ones(n), x]) + 0.0
            rows[2, 1:-1:3] = g
            rows[1:, 2] *= 2.0
        x[j] += rows[2, 2]
    return v, x

if __name__ == "__main__":
    for n in (12, 9):
        f(np.cos(np.arange(n)), 0.5)
