# np.ndarray left uninitialised and then filled completely.
# family: indexing
# entry: table
# compare: derived
import numpy as np

def table(x):
    out = np.ndarray((len(x), 2))
    for i in range(len(x)):
        out[i, 0] = x[i]
        out[i, 1] = x[i] ** 2
    return out

if __name__ == "__main__":
    table(np.linspace(0, 1, 9))
