"""Truth functions, comparisons with tolerance, clipping and rounding."""

import numpy as np

from reductions import _is_float


# binds: numpy.logical_and
def logical_and(x1, x2):
    """True where both are nonzero."""
    return (np.asarray(x1) != 0) & (np.asarray(x2) != 0)


# binds: numpy.logical_or
def logical_or(x1, x2):
    """True where either is nonzero."""
    return (np.asarray(x1) != 0) | (np.asarray(x2) != 0)


# binds: numpy.logical_xor
def logical_xor(x1, x2):
    """True where exactly one is nonzero."""
    return (np.asarray(x1) != 0) ^ (np.asarray(x2) != 0)


# binds: numpy.logical_not
def logical_not(x):
    """True where zero."""
    return np.asarray(x) == 0


# binds: numpy.isfinite
def isfinite(x):
    """True where neither infinite nor NaN."""
    v = np.asarray(x)
    if not _is_float(v):
        return v == v
    if np.iscomplexobj(v):
        return (np.abs(v.real) < np.inf) & (np.abs(v.imag) < np.inf)
    return np.abs(v) < np.inf


# binds: numpy.isposinf
def isposinf(x):
    """True at plus infinity."""
    return np.asarray(x) == np.inf


# binds: numpy.isneginf
def isneginf(x):
    """True at minus infinity."""
    return np.asarray(x) == -np.inf


# binds: numpy.isreal
def isreal(x):
    """True where the imaginary part is zero."""
    v = np.asarray(x)
    if np.iscomplexobj(v):
        return v.imag == 0
    return v.astype(np.bool_) | np.True_


# binds: numpy.iscomplex
def iscomplex(x):
    """True where the imaginary part is not zero."""
    v = np.asarray(x)
    if np.iscomplexobj(v):
        return v.imag != 0
    return v.astype(np.bool_) & np.False_


def _operand(v):
    """v as an array, but a Python number as it is: it takes the other operand's type."""
    if isinstance(v, (int, float, complex)) and not isinstance(v, np.generic):
        return v
    return np.asarray(v)


# binds: numpy.isclose
def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|a - b| <= atol + rtol*|b|; equal infinities are close."""
    x = _operand(a)
    y = _operand(b)
    if not isinstance(y, (int, float, complex)) and not _is_float(y):
        y = y.astype(np.float64)
    near = (np.abs(x - y) <= atol + rtol * np.abs(y)) & isfinite(y)
    near = near | (x == y)
    if equal_nan:
        near = near | ((x != x) & (y != y))
    return near


# binds: numpy.allclose
def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether all elements are close."""
    return bool(np.all(isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)))


# binds: numpy.array_equal
def array_equal(a1, a2, equal_nan=False):
    """Whether shapes and all elements are equal."""
    x = np.asarray(a1)
    y = np.asarray(a2)
    if x.shape != y.shape:
        return False
    if equal_nan and _is_float(x) and _is_float(y):
        return bool(np.all((x == y) | ((x != x) & (y != y))))
    return bool(np.all(x == y))


# binds: numpy.array_equiv
def array_equiv(a1, a2):
    """Whether all elements are equal after broadcasting."""
    return bool(np.all(np.asarray(a1) == np.asarray(a2)))


# binds: numpy.clip
def clip(a, a_min=None, a_max=None, min=None, max=None):
    """Values limited to a_min..a_max; either may be None; NaN stays."""
    x = np.asarray(a)
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is not None:
        x = np.maximum(x, low)
    if high is not None:
        x = np.minimum(x, high)
    return x


# binds: numpy.nan_to_num
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced by numbers: by default 0 and the largest finite values."""
    if not copy:
        raise NotImplementedError("nan_to_num: writing into its argument (copy=False)")
    v = np.asarray(x)
    if not _is_float(v):
        return v.copy()
    if np.iscomplexobj(v):
        re = nan_to_num(v.real, nan=nan, posinf=posinf, neginf=neginf)
        im = nan_to_num(v.imag, nan=nan, posinf=posinf, neginf=neginf)
        z = np.zeros_like(v)
        z.real = re
        z.imag = im
        return z
    largest = 3.4028234663852886e38 if v.dtype == np.float32 else 1.7976931348623157e308
    high = largest if posinf is None else posinf
    low = -largest if neginf is None else neginf
    r = np.where(np.isnan(v), np.full_like(v, nan), v)
    r = np.where(v == np.inf, np.full_like(v, high), r)
    return np.where(v == -np.inf, np.full_like(v, low), r)


# binds: numpy.round, numpy.around
def round_(a, decimals=0):
    """Rounded half to even; with decimals by scaling with a power of ten, as NumPy."""
    x = np.asarray(a)
    if not _is_float(x):
        if x.dtype == np.bool_:
            raise NotImplementedError("round of booleans gives float16")
        if decimals >= 0:
            return x.copy()
        raise NotImplementedError("round of integers to tens")
    if np.iscomplexobj(x):
        z = np.zeros_like(x)
        z.real = round_(x.real, decimals)
        z.imag = round_(x.imag, decimals)
        return z
    if decimals == 0:
        return np.rint(x)
    if decimals > 0:
        scale = 10.0**decimals
        return np.rint(x * scale) / scale
    scale = 10.0**-decimals
    return np.rint(x / scale) * scale


# binds: numpy.fix
def fix(x):
    """Rounded towards zero."""
    return np.trunc(x)


# binds: numpy.heaviside
def heaviside(x1, x2):
    """0 below zero, 1 above, x2 at zero; NaN stays."""
    x = np.asarray(x1) + 0.0
    y = np.where(x < 0, np.zeros_like(x), np.where(x > 0, np.ones_like(x), np.where(x == 0, x2, x)))
    return y


# binds: numpy.select
def select(condlist, choicelist, default=0):
    """For each element the choice of the first condition that holds."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    r = default
    for i in range(len(condlist)):
        j = len(condlist) - 1 - i
        r = np.where(condlist[j], choicelist[j], r)
    return r


# binds: numpy.gcd
def gcd(x1, x2):
    """Greatest common divisor of integers, elementwise."""
    a = abs(x1) + x2 * 0
    b = abs(x2) + a * 0
    while np.any(b != 0):
        safe = np.where(b != 0, b, 1)
        r = np.where(b != 0, a % safe, 0)
        a = np.where(b != 0, b, a)
        b = r
    return a


# binds: numpy.lcm
def lcm(x1, x2):
    """Least common multiple of integers, elementwise; 0 where either is 0."""
    g = gcd(x1, x2)
    return abs(x1) // np.where(g != 0, g, 1) * abs(x2)
