# Reshape with -1, transpose of three axes, ravel and swapaxes.
# family: indexing
# entry: reorder
# compare: exact
import numpy as np

def reorder(x):
    a = x.reshape(2, -1, 4)
    b = np.transpose(a, (2, 0, 1))
    return b, b.ravel(), a.swapaxes(0, 1), a.T.shape[0], np.moveaxis(a, 0, -1)

if __name__ == "__main__":
    reorder(np.arange(24))
