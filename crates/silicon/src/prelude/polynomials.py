"""Polynomials as NumPy's poly* functions have them: coefficients with the highest power first."""

import numpy as np

from construct import vander


# binds: numpy.polyval
def polyval(p, x):
    """Value of the polynomial at x by Horner's rule."""
    c = np.asarray(p)
    v = np.asarray(x)
    y = np.zeros_like(v)
    for i in range(c.shape[0]):
        y = y * v + c[i]
    return y


# binds: numpy.polyadd
def polyadd(a1, a2):
    """Sum of two polynomials."""
    a = np.atleast_1d(a1)
    b = np.atleast_1d(a2)
    n = max(a.shape[0], b.shape[0])
    return _longer(a, n) + _longer(b, n)


# binds: numpy.polysub
def polysub(a1, a2):
    """Difference of two polynomials."""
    a = np.atleast_1d(a1)
    b = np.atleast_1d(a2)
    n = max(a.shape[0], b.shape[0])
    return _longer(a, n) - _longer(b, n)


def _longer(a, n):
    """a with zeros in front up to length n."""
    return np.concatenate((np.zeros(n - a.shape[0], dtype=a.dtype), a))


# binds: numpy.polymul
def polymul(a1, a2):
    """Product of two polynomials."""
    return np.convolve(np.atleast_1d(a1), np.atleast_1d(a2))


# binds: numpy.polyder
def polyder(p, m=1):
    """m-th derivative."""
    c = np.asarray(p)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(m):
        n = c.shape[0] - 1
        c = c[: max(n, 0)] * np.arange(n, 0, -1)
    return c


# binds: numpy.polyint
def polyint(p, m=1, k=None):
    """m-th antiderivative; k the constant of integration (one number), 0 by default."""
    c = np.asarray(p)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    for _ in range(m):
        n = c.shape[0]
        tail = np.zeros(1) if k is None else np.zeros(1) + k
        c = np.concatenate((c / np.arange(n, 0, -1), tail))
    return c


# binds: numpy.poly
def poly(seq_of_zeros):
    """Coefficients of the monic polynomial with these zeros; complex zeros give complex coefficients."""
    z = np.atleast_1d(seq_of_zeros)
    if z.ndim != 1:
        raise NotImplementedError("poly: the characteristic polynomial of a matrix")
    if z.dtype != np.float32 and not np.iscomplexobj(z):
        z = z.astype(np.float64)
    c = np.ones(1, dtype=z.dtype)
    for i in range(z.shape[0]):
        up = np.concatenate((c, np.zeros(1, dtype=c.dtype)))
        down = np.concatenate((np.zeros(1, dtype=c.dtype), c))
        c = up - down * z[i]
    return c


# binds: numpy.polyfit
def polyfit(x, y, deg, w=None):
    """Least-squares polynomial of degree `deg` through (x, y), optionally weighted by w."""
    if deg < 0:
        raise ValueError("expected deg >= 0")
    v = np.asarray(x) + 0.0
    b = np.asarray(y) + 0.0
    if v.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if v.shape[0] == 0:
        raise TypeError("expected non-empty vector for x")
    if b.shape[0] != v.shape[0]:
        raise TypeError("expected x and y to have same length")
    a = vander(v, deg + 1)
    if w is not None:
        u = np.asarray(w) + 0.0
        a = a * np.reshape(u, (u.shape[0], 1))
        b = b * (np.reshape(u, (u.shape[0], 1)) if b.ndim == 2 else u)
    scale = np.sqrt(np.sum((a * np.conj(a)).real, axis=0))
    a = a / scale
    c = np.linalg.lstsq(a, b, rcond=v.shape[0] * 2.220446049250313e-16)[0]
    if c.ndim == 2:
        return c / np.reshape(scale, (scale.shape[0], 1))
    return c / scale
