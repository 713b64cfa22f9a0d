# Views of arrays whose elements are known at translation time.
# family: aliasing
# entry: views
# compare: derived
import numpy as np
def views(x):
    a = np.zeros(8)
    m = np.zeros((2, 4))
    b = np.flip(a)
    c = np.split(a, 2)
    d = np.moveaxis(m, 0, 1)
    e = np.rot90(m)
    g = np.atleast_2d(a)
    h = np.hsplit(m, 2)
    i = np.swapaxes(m, 0, 1)
    j = np.real(a)
    k = np.asarray(a)
    l = np.transpose(m)
    o = np.fliplr(m)
    p = np.broadcast_to(a, (2, 8))
    q = a.view()
    r = np.expand_dims(a, 0)
    s = np.ravel(m)
    t = np.reshape(m, -1)
    a[0] = 1
    a[5] = x[0]
    m[1, 2] = 7
    m[0, 1] = x[1]
    b[1] = 3
    return a, m, b, c[0], d, e, g, h[1], i, j, k, l, o, p, q, r, s, t
if __name__ == "__main__":
    views(np.arange(8.0) + 10)
    views(np.arange(9.0) + 3)
