# Rows from a for loop are views; a scalar loop variable is a copy.
# family: aliasing
# entry: normalise_rows
# compare: derived
import numpy as np

def normalise_rows(a):
    for row in a:
        row /= np.sum(np.abs(row))
    for v in a[0]:
        v += 100.0
    for i, row in enumerate(a):
        row[i] = -1.0
        row = row * 0
    return a.sum()

if __name__ == "__main__":
    rng = np.random.default_rng(370)
    normalise_rows(rng.standard_normal((3, 4)))
