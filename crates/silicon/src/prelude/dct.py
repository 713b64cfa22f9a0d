"""Cosine transforms of `scipy.fft`, types I to IV, as Fourier transforms of real data (`fft_kernel`)."""

import numpy as np

from axes import _axis_of, _float_of, _from_last, _replaced, _to_last
from fft import _fit, _length
from fft_kernel import _real_inverse_row, _real_row, _row, _unit


def _quarter_wave(k, n, kind):
    """exp(-i pi k/(2n)) as two arrays."""
    return _unit(k, 4 * n, kind)


def _dct1(x, n):
    """y[k] = x[0] + (-1)^k x[n-1] + 2 sum_j x[j] cos(pi j k/(n-1))."""
    kind = x.dtype
    wide = np.empty(2 * n - 2, kind)
    for i in range(n):
        wide[i] = x[i]
    for i in range(1, n - 1):
        wide[2 * n - 2 - i] = x[i]
    yr, _ = _real_row(wide, 2 * n - 2)
    return yr


def _dct2(x, n):
    """y[k] = 2 sum_j x[j] cos(pi k (2j+1)/(2n)), by one real transform of n points (Makhoul, ASSP-28, 1980)."""
    kind = x.dtype
    v = np.empty(n, kind)
    for i in range((n + 1) // 2):
        v[i] = x[2 * i]
    for i in range(n // 2):
        v[n - 1 - i] = x[2 * i + 1]
    vr, vi = _real_row(v, n)
    wr, wi = _quarter_wave(np.arange(n), n, kind)
    y = np.empty(n, kind)
    for k in range(n // 2 + 1):
        y[k] = (vr[k] * wr[k] - vi[k] * wi[k]) * 2.0
    for k in range(1, (n + 1) // 2):
        y[n - k] = (vr[k] * wr[n - k] + vi[k] * wi[n - k]) * 2.0
    return y


def _dct3(x, n):
    """y[k] = x[0] + 2 sum_j x[j] cos(pi j (2k+1)/(2n)): `_dct2` run backwards."""
    kind = x.dtype
    wr, wi = _quarter_wave(np.arange(n), n, kind)
    vr = np.empty(n // 2 + 1, kind)
    vi = np.empty(n // 2 + 1, kind)
    vr[0] = x[0]
    vi[0] = 0.0
    for k in range(1, n // 2 + 1):
        vr[k] = x[k] * wr[k] - x[n - k] * wi[k]
        vi[k] = -(x[k] * wi[k]) - x[n - k] * wr[k]
    v = _real_inverse_row(vr, vi, n)
    y = np.empty(n, kind)
    for i in range((n + 1) // 2):
        y[2 * i] = v[i]
    for i in range(n // 2):
        y[2 * i + 1] = v[n - 1 - i]
    return y


def _dct4(x, n):
    """y[k] = 2 sum_j x[j] cos(pi (2j+1)(2k+1)/(4n)), by a transform of 2n points."""
    kind = x.dtype
    wr, wi = _quarter_wave(np.arange(n), n, kind)
    ar = np.zeros(2 * n, kind)
    ai = np.zeros(2 * n, kind)
    for i in range(n):
        ar[i] = x[i] * wr[i]
        ai[i] = x[i] * wi[i]
    br, bi = _row(ar, ai, 2 * n)
    er, ei = _unit(2 * np.arange(n) + 1, 8 * n, kind)
    y = np.empty(n, kind)
    for k in range(n):
        y[k] = (br[k] * er[k] - bi[k] * ei[k]) * 2.0
    return y


def _cosine(x, type, n, axis, norm, inverse, orthogonalize):
    x = np.asarray(x)
    if np.iscomplexobj(x):
        raise NotImplementedError("a cosine transform of complex data; transform real and imaginary part apart")
    if type not in (1, 2, 3, 4):
        raise ValueError("invalid type")
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError('Invalid norm value %r, should be "backward", "ortho" or "forward".' % (norm,))
    ortho = norm == "ortho" if orthogonalize is None else orthogonalize
    if inverse:
        kernel = 3 if type == 2 else 2 if type == 3 else type
    else:
        kernel = type
    axis = _axis_of(axis, x.ndim)
    n = _length(x, n, axis)
    if kernel == 1 and n < 2:
        raise ValueError("invalid number of data points (%d) specified" % n)
    period = 2 * (n - 1) if kernel == 1 else 2 * n
    if norm == "ortho":
        scale = 1.0 / period**0.5
    elif (norm == "forward") != inverse:
        scale = 1.0 / period
    else:
        scale = 1.0
    kind = _float_of(x.dtype)
    t = _to_last(x, axis)
    v = _fit(t, n, x.ndim - 1)
    before = v.shape[0]
    v = v.reshape(before, n)
    y = np.empty((before, n), kind)
    for b in range(before):
        row = v[b].astype(kind)
        # An orthogonal transform weighs the terms that have no mirror image by sqrt 2, in or out.
        if ortho and kernel == 1:
            row[0] = row[0] * 2.0**0.5
            row[n - 1] = row[n - 1] * 2.0**0.5
        if ortho and kernel == 3:
            row[0] = row[0] * 2.0**0.5
        if kernel == 1:
            out = _dct1(row, n)
        elif kernel == 2:
            out = _dct2(row, n)
        elif kernel == 3:
            out = _dct3(row, n)
        else:
            out = _dct4(row, n)
        y[b] = out * scale
        if ortho and kernel in (1, 2):
            y[b, 0] = y[b, 0] * 0.5**0.5
        if ortho and kernel == 1:
            y[b, n - 1] = y[b, n - 1] * 0.5**0.5
    return _from_last(y.reshape(_replaced(t.shape, x.ndim - 1, n)), axis)


# binds: scipy.fft.dct, scipy.fftpack.dct
def dct(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    return _cosine(x, type, n, axis, norm, False, orthogonalize)


# binds: scipy.fft.idct
def idct(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    return _cosine(x, type, n, axis, norm, True, orthogonalize)


# binds: scipy.fftpack.idct
def fftpack_idct(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False):
    """The forward transform of the type that undoes this one, without the factor 1/(2n)."""
    return _cosine(x, {1: 1, 2: 3, 3: 2, 4: 4}.get(type, type), n, axis, norm, False, None)
