# newaxis, ellipsis and broadcasting over three axes.
# family: indexing
# entry: grid
# compare: derived
import numpy as np

def grid(x, y):
    d = x[:, None] - y[None, :]
    e = d[..., np.newaxis] * np.array([1.0, -1.0])
    return d ** 2, e.shape[2], e[..., 1]

if __name__ == "__main__":
    grid(np.arange(4.0), np.array([0.5, 1.5, 2.5]))
