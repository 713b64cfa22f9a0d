# Writes through views reach the base and writes to the base reach views.
# family: aliasing
# entry: views
# compare: exact
import numpy as np

def views(a):
    row = a[1]
    col = a[:, 2]
    flat = a.reshape(-1)
    t = a.T
    row[0] = 50
    col += 7
    flat[-1] = -3
    t[0, 1] = 99
    return row, col, t[2]

if __name__ == "__main__":
    views(np.arange(12).reshape(3, 4))
