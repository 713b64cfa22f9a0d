# Column by column: ravel, flatten and reshape in the order F, and copies of transposed arrays.
# family: aliasing
# entry: columns
# compare: derived
import numpy as np

def columns(m):
    a = m.ravel(order="F")
    b = m.ravel("F")
    c = np.ravel(m, order="F")
    d = m.flatten("F")
    e = m.reshape(-1, order="F")
    e[0] = 100
    f = m.T.ravel("F")
    f[0] = 200
    g = (m.T * 2).copy().ravel()
    g[0] = 5
    h = m.T.reshape(2, -1, order="F")
    h[0, 0] = 33
    return a, b, c, d, e, f, g, h, m.swapaxes(0, 1).flatten("F"), m

if __name__ == "__main__":
    columns(np.arange(6.0).reshape(2, 3))
    columns(np.arange(8.0).reshape(2, 4))
