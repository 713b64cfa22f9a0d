# mgrid, meshgrid and linspace used to build a two-dimensional field.
# family: indexing
# entry: field
# compare: derived
import numpy as np

def field(k):
    r, c = np.mgrid[0:4, 0:6]
    X, Y = np.meshgrid(np.linspace(-1, 1, 6), np.linspace(0, 1, 4))
    return np.cos(k * (r + 2 * c)), X * Y + k

if __name__ == "__main__":
    field(0.7)
