# Views that functions give, read after the array they show has changed.
# family: aliasing
# entry: views
# compare: derived
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
def views(m, x, z):
    a = np.split(x, 2)
    b = np.array_split(x, 3)
    c = np.flip(x)
    d = np.diagonal(m)
    e = np.diag(m)
    g = m.diagonal(1)
    h = np.rot90(m)
    i = np.moveaxis(m, 0, 1)
    j = np.atleast_2d(x)
    k = np.broadcast_to(x, (2, len(x)))
    l = np.squeeze(m[:1])
    n = np.real(z)
    o = z.imag
    p = np.asarray(x)
    q = x.ravel()
    r = x.reshape(3, -1)
    s = m.T
    t = np.hsplit(m, 2)[1]
    u = np.dsplit(m.reshape(1, 2, 4), 2)[1]
    v = np.broadcast_arrays(x, x[:1])[1]
    w = np.atleast_3d(m)
    aa = np.trim_zeros(x)
    bb = np.swapaxes(m, 0, 1)
    cc = x.view()
    dd = np.real(x)
    ee = x.conj()
    ff = np.ascontiguousarray(x[::2])
    gg = np.ascontiguousarray(x)
    hh = np.array(x, copy=None)
    ii = x.squeeze()
    jj = x[...]
    kk = x[None]
    x += 100
    m *= 3
    z *= 1j
    out = [a[0], b[1], c, d, e, g, h, i, j, k, l, n, o, p, q, r, s, t, u, v, w, aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, kk]
    return [np.sum(v * (1 + np.arange(v.size)).reshape(v.shape)) for v in out]
if __name__ == "__main__":
    views(np.arange(8.0).reshape(2,4), np.arange(1, 13.0), np.arange(4) + 1j)
    views(np.arange(8.0).reshape(2,4) + 1, np.arange(1, 13.0) * 2, np.arange(4) - 1j)
