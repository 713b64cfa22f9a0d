# Reshapes of transposed, cut and strided arrays: a view where the elements can be walked so, else a copy.
# family: aliasing
# entry: reshapes
# compare: derived
import numpy as np

def reshapes(m, x):
    a = m.T.ravel()
    a[0] = 100
    b = m[:, :-1].reshape(-1)
    b[1] = 200
    c = m.T.reshape(-1)
    c[:] = 5
    d = m[:, 1:].ravel()
    d += 1
    e = m[0:1].ravel()
    e[1] = 50
    g = np.squeeze(m[1:2])
    g[0] = -7
    h = m.reshape(-1)[::-1]
    h[0] = 77
    pairs = x[::2].reshape(-1, 2)
    pairs[0] = 9
    odd = x[1::2].ravel()
    odd[:] = -1
    last = m[::-1].reshape(-1)
    last[0] = 44
    flat = np.ravel(m)
    flat[1] = 3
    return a, b, c, d, e, g, h, pairs, odd, last, x, m

if __name__ == "__main__":
    reshapes(np.arange(6.0).reshape(2, 3), np.arange(8.0))
    reshapes(np.arange(6.0).reshape(2, 3), np.arange(12.0))
    reshapes(np.arange(8.0).reshape(2, 4), np.arange(12.0))
