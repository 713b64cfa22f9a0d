"""Elementary functions on complex values, built from the real kernels of the same precision.

A kernel takes complex scalars of one precision (or arrays elementwise) and returns the same precision; `absolute` and `angle` return
the real type. Real functions called here (np.exp, np.sin, ...) are the real kernels. Special values follow C99 Annex G where
it fixes them, as NumPy's do.
"""

import numpy as np

_INF = float("inf")
_LN2 = 0.6931471805599453


# kernel: numpy.absolute, numpy.abs
def absolute(z):
    """Magnitude without overflow or underflow on the way; infinite if either part is."""
    return np.hypot(z.real, z.imag)


# kernel: numpy.angle
def angle(z):
    """Phase in radians, -pi..pi."""
    return np.arctan2(z.imag, z.real)


def _pair(re, im):
    """The complex value of two real parts, with no arithmetic between them."""
    return np.complex64(0) if False else _join(re, im)


# kernel: numpy.divide, numpy.true_divide
def divide(a, b):
    """a / b by Smith's method (CACM 5, 1962), the one NumPy uses: no overflow in |b|**2."""
    br = b.real
    bi = b.imag
    wide = np.abs(br) >= np.abs(bi)
    p = np.where(wide, br, bi)
    q = np.where(wide, bi, br)
    zero = (br == 0.0) & (bi == 0.0)
    r = q / p
    d = 1.0 / (p + q * r)
    ar = a.real
    ai = a.imag
    re = np.where(wide, ar + ai * r, ar * r + ai) * d
    im = np.where(wide, ai - ar * r, ai * r - ar) * d
    return _join(np.where(zero, ar / np.abs(br), re), np.where(zero, ai / np.abs(br), im))
