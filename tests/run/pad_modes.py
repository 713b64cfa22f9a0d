# np.pad in constant, edge, reflect and wrap modes.
# family: indexing
# entry: padded
# compare: exact
import numpy as np

def padded(x):
    return (np.pad(x, 2), np.pad(x, (1, 3), mode="edge"), np.pad(x, (2, 2), mode="reflect"),
            np.pad(x, (3, 1), mode="wrap"), np.pad(x, (0, 2), constant_values=-9))

if __name__ == "__main__":
    padded(np.array([1, 2, 3, 4, 5]))
