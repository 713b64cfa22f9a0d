"""Elementary functions on complex values, built from the real kernels of the same precision.

A kernel takes complex scalars of one precision (or arrays elementwise) and returns the same precision; `absolute` and `angle` return
the real type. Real functions called here (np.exp, np.sin, ...) are the real kernels. Special values follow C99 Annex G where
NumPy's do.
"""

import numpy as np

import _pm

_INF = float("inf")
_NAN = float("nan")


def _single(z):
    """Whether z is complex64 (static)."""
    return z.dtype == np.complex64


# kernel: numpy.absolute, numpy.abs
def absolute(z):
    """Magnitude without overflow or underflow on the way; infinite if either part is."""
    return np.hypot(z.real, z.imag)


# kernel: cmath.phase
def angle(z):
    """Phase in radians, -pi..pi."""
    return np.arctan2(z.imag, z.real)


# kernel: numpy.divide, numpy.true_divide
def divide(a, b):
    """a / b by Smith's method (CACM 5, 1962), as NumPy: no overflow in |b|**2."""
    br = b.real
    bi = b.imag
    wide = np.abs(br) >= np.abs(bi)
    p = np.where(wide, br, bi)
    q = np.where(wide, bi, br)
    r = q / p
    d = 1.0 / (p + q * r)
    ar = a.real
    ai = a.imag
    re = np.where(wide, ar + ai * r, ar * r + ai) * d
    im = np.where(wide, ai - ar * r, ai * r - ar) * d
    zero = (br == 0.0) & (bi == 0.0)
    size = np.abs(br)
    return _pm.complex_of(np.where(zero, ar / size, re), np.where(zero, ai / size, im))


# kernel: numpy.reciprocal
def reciprocal(z):
    """1 / z by Smith's method; NaN at zero, as NumPy."""
    a = z.real
    b = z.imag
    wide = np.abs(a) >= np.abs(b)
    p = np.where(wide, a, b)
    r = np.where(wide, b, a) / p
    d = p + np.where(wide, b, a) * r
    u = 1.0 / d
    v = r / d
    return _pm.complex_of(np.where(wide, u, v), np.where(wide, -v, -u))


# kernel: numpy.sqrt, cmath.sqrt
def sqrt(z):
    """Principal square root; the branch cut is the negative real axis, the sign of the result's imaginary part is that of z's."""
    a = np.abs(z.real)
    b = np.abs(z.imag)
    m = np.where(a > b, a, b)
    big = m > (1e38 if _single(z) else 1e307)
    small = m < (1e-30 if _single(z) else 1e-290)
    # powers of four, so that the root of the scale is exact
    up = np.where(big, 0.0625, np.where(small, 1152921504606846976.0, 1.0)).astype(a.dtype)
    down = np.where(big, 4.0, np.where(small, 9.313225746154785e-10, 1.0)).astype(a.dtype)
    u = a * up
    v = b * up
    t = np.sqrt(0.5 * (u + np.hypot(u, v)))
    s = np.where(v == 0.0, v, 0.5 * v / t)
    zero = m == 0.0
    left = z.real < 0.0
    re = np.where(zero, a, np.where(left, s, t) * down)
    im = np.where(zero, b, np.where(left, t, s) * down)
    wild = a == _INF
    re = np.where(wild, np.where(left, np.where(np.isnan(b), b, b * 0.0), a), re)
    re = np.where(wild & left & (b == _INF), _INF, re)
    im = np.where(wild, np.where(np.isnan(b), np.where(left, a, b), np.where(left, a, b * 0.0)), im)
    re = np.where(b == _INF, _INF, re)
    im = np.where(b == _INF, _INF, im)
    return _pm.complex_of(re.astype(a.dtype), np.copysign(im.astype(a.dtype), z.imag))


# kernel: numpy.exp
def exp(z):
    """e**z = e**re * (cos im + i sin im)."""
    a = z.real
    b = z.imag
    far = a > (88.0 if _single(z) else 709.0)
    e = np.exp(np.where(far, a - 20.0, a))
    f = np.where(far, 485165195.40979, 1.0).astype(a.dtype)
    c = np.cos(b)
    s = np.sin(b)
    vanish = (a == -_INF) & ~(np.abs(b) < _INF)
    re = np.where(vanish, 0.0, np.where((a == _INF) & ~(np.abs(b) < _INF), a, e * c * f))
    im = np.where(vanish, 0.0, np.where(b == 0.0, b, e * s * f))
    return _pm.complex_of(re.astype(a.dtype), im.astype(a.dtype))


# kernel: numpy.log
def log(z):
    """Principal logarithm; the real part is accurate to an ulp of max(1, |log|z||) next to |z| = 1."""
    a = np.abs(z.real)
    b = np.abs(z.imag)
    m = np.where(a > b, a, b)
    n = np.where(a > b, b, a)
    big = m > (1e38 if _single(z) else 1e307)
    small = m < (1e-36 if _single(z) else 1e-290)
    up = np.where(big, 0.25, np.where(small, 18014398509481984.0, 1.0)).astype(a.dtype)
    shift = np.where(big, 1.3862943611198906, np.where(small, -37.42994775023705, 0.0)).astype(a.dtype)
    h = np.hypot(m * up, n * up)
    near = (m > 0.5) & (m < 1.5) & (h < 1.5) & (h > 0.7)
    close = 0.5 * np.log1p((m - 1.0) * (m + 1.0) + n * n)
    return _pm.complex_of(np.where(near, close, np.log(h) + shift), np.arctan2(z.imag, z.real))


# kernel: numpy.power, numpy.pow
def power(x, y):
    """x**y as exp(y log x); the exponents -1, 0, 1, 2 and 3 are products, 0**y is 0 for positive real y."""
    w = np.exp(y * np.log(x))
    sq = x * x
    real = y.imag == 0.0
    n = y.real
    w = np.where(real & (n == 3.0), sq * x, w)
    w = np.where(real & (n == 2.0), sq, w)
    w = np.where(real & (n == 1.0), x, w)
    w = np.where(real & (n == -1.0), reciprocal(x), w)
    zero = (x.real == 0.0) & (x.imag == 0.0)
    w = np.where(zero, np.where(n > 0.0, x - x, _pm.complex_of(n * _NAN, n * _NAN)), w)
    return np.where(real & (n == 0.0), _one(x), w)


def _one(x):
    return _pm.complex_of(np.ones_like(x.real), np.zeros_like(x.real))


def _times(p, q):
    """p * q, where a zero q stays zero whatever p is."""
    r = p * q
    return np.where((q == 0.0) & np.isnan(r), q, r)


def _zero_product(p, q):
    """p * q, zero where either factor is zero, whatever the other is."""
    r = p * q
    return np.where(np.isnan(r), np.where(q == 0.0, q, np.where(p == 0.0, p, r)), r)


# kernel: numpy.sin
def sin(z):
    """Sine of a complex argument."""
    a = z.real
    b = z.imag
    return _pm.complex_of(_times(np.cosh(b), np.sin(a)), _times(np.cos(a), np.sinh(b)))


# kernel: numpy.cos
def cos(z):
    """Cosine of a complex argument."""
    a = z.real
    b = z.imag
    return _pm.complex_of(np.cos(a) * np.cosh(b), -_zero_product(np.sin(a), np.sinh(b)))


# kernel: numpy.sinh
def sinh(z):
    """Hyperbolic sine of a complex argument."""
    a = z.real
    b = z.imag
    return _pm.complex_of(_times(np.cos(b), np.sinh(a)), _times(np.cosh(a), np.sin(b)))


# kernel: numpy.cosh
def cosh(z):
    """Hyperbolic cosine of a complex argument."""
    a = z.real
    b = z.imag
    return _pm.complex_of(np.cosh(a) * np.cos(b), _zero_product(np.sinh(a), np.sin(b)))
