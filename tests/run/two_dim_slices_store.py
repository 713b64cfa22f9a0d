# Rectangular stores, row and column assignment in a matrix.
# family: indexing
# entry: tile_image
# compare: exact
import numpy as np

def tile_image(a):
    out = np.zeros((6, 8), dtype=a.dtype)
    out[1:4, 2:5] = a
    out[-1] = np.arange(8)
    out[:, 0] = -1
    out[::2, 7] = out[::2, 0] * 3
    return out

if __name__ == "__main__":
    tile_image(np.arange(9).reshape(3, 3))
