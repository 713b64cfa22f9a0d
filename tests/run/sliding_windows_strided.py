# Overlapping frames through an index matrix.
# family: indexing
# entry: frames
# compare: exact
import numpy as np

def frames(x, size, hop):
    n = 1 + (len(x) - size) // hop
    idx = np.arange(size)[None, :] + hop * np.arange(n)[:, None]
    return x[idx]

if __name__ == "__main__":
    frames(np.arange(20), 6, 3)
    frames(np.arange(31), 6, 3)
