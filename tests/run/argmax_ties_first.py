# Ties in argmax and argmin go to the first element, along any axis.
# family: reductions
# entry: extremes
# compare: exact
import numpy as np

def extremes(a):
    return np.argmax(a), np.argmin(a), a.argmax(axis=0), a.argmin(axis=1), np.unravel_index(np.argmax(a), a.shape)

if __name__ == "__main__":
    extremes(np.array([[3, 9, 1], [9, 0, 1], [0, 9, 9]]))
    extremes(np.zeros((2, 3), dtype=int))
