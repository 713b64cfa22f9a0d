"""Functions of Python's `math` on scalars that are neither kernels nor native; faults raise as in CPython."""

import numpy as np


# binds: math.factorial
def factorial(n):
    """n!"""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    r = 1
    for i in range(2, n + 1):
        r = r * i
    return r


# binds: math.comb
def comb(n, k):
    """Number of ways to choose k of n."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    if k > n:
        return 0
    r = 1
    for i in range(min(k, n - k)):
        r = r * (n - i) // (i + 1)
    return r


# binds: math.perm
def perm(n, k=None):
    """Number of ordered choices of k of n."""
    if n < 0:
        raise ValueError("n must be a non-negative integer")
    if k is None:
        return factorial(n)
    if k < 0:
        raise ValueError("k must be a non-negative integer")
    r = 1
    for i in range(k):
        r = r * (n - i) if i < n else 0
    return r


# binds: math.gcd
def gcd(a, b):
    """Greatest common divisor of two integers, not negative."""
    x = abs(a)
    y = abs(b)
    while y != 0:
        x, y = y, x % y
    return x


# binds: math.lcm
def lcm(a, b):
    """Least common multiple of two integers."""
    if a == 0 or b == 0:
        return 0
    return abs(a) // gcd(a, b) * abs(b)


# binds: math.isqrt
def isqrt(n):
    """Floor of the square root of a non-negative integer."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    if n == 0:
        return 0
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


# binds: math.fabs
def fabs(x):
    """|x| as a float."""
    return abs(float(x))


# binds: math.sqrt
def sqrt(x):
    """Square root; a negative argument raises."""
    if x < 0:
        raise ValueError("math domain error")
    return float(np.sqrt(float(x)))


# binds: math.log
def log(x, base=None):
    """Natural logarithm, or to a base; zero and negative arguments raise."""
    if x <= 0:
        raise ValueError("math domain error")
    y = float(np.log(float(x)))
    if base is None:
        return y
    if base <= 0:
        raise ValueError("math domain error")
    return y / float(np.log(float(base)))


# binds: math.log2
def log2(x):
    """Logarithm to base 2; zero and negative arguments raise."""
    if x <= 0:
        raise ValueError("math domain error")
    return float(np.log2(float(x)))


# binds: math.log10
def log10(x):
    """Logarithm to base 10; zero and negative arguments raise."""
    if x <= 0:
        raise ValueError("math domain error")
    return float(np.log10(float(x)))


# binds: math.log1p
def log1p(x):
    """log(1 + x); arguments of -1 and below raise."""
    if x <= -1:
        raise ValueError("math domain error")
    return float(np.log1p(float(x)))


def _finite_or_raise(x, y):
    """y, unless it overflowed from a finite x."""
    if np.isinf(y) and not np.isinf(float(x)):
        raise OverflowError("math range error")
    return y


# binds: math.exp
def exp(x):
    """e**x; overflow raises."""
    return _finite_or_raise(x, float(np.exp(float(x))))


# binds: math.expm1
def expm1(x):
    """e**x - 1; overflow raises."""
    return _finite_or_raise(x, float(np.expm1(float(x))))


# binds: math.sinh
def sinh(x):
    """Hyperbolic sine; overflow raises."""
    return _finite_or_raise(x, float(np.sinh(float(x))))


# binds: math.cosh
def cosh(x):
    """Hyperbolic cosine; overflow raises."""
    return _finite_or_raise(x, float(np.cosh(float(x))))


def _angle_or_raise(x):
    if np.isinf(float(x)):
        raise ValueError("math domain error")
    return float(x)


# binds: math.sin
def sin(x):
    """Sine; an infinite argument raises."""
    return float(np.sin(_angle_or_raise(x)))


# binds: math.cos
def cos(x):
    """Cosine; an infinite argument raises."""
    return float(np.cos(_angle_or_raise(x)))


# binds: math.tan
def tan(x):
    """Tangent; an infinite argument raises."""
    return float(np.tan(_angle_or_raise(x)))


# binds: math.asin
def asin(x):
    """Arc sine; arguments outside -1..1 raise."""
    if abs(x) > 1:
        raise ValueError("math domain error")
    return float(np.arcsin(float(x)))


# binds: math.acos
def acos(x):
    """Arc cosine; arguments outside -1..1 raise."""
    if abs(x) > 1:
        raise ValueError("math domain error")
    return float(np.arccos(float(x)))


# binds: math.acosh
def acosh(x):
    """Inverse hyperbolic cosine; arguments below 1 raise."""
    if x < 1:
        raise ValueError("math domain error")
    return float(np.arccosh(float(x)))


# binds: math.atanh
def atanh(x):
    """Inverse hyperbolic tangent; arguments outside -1..1 raise."""
    if abs(x) >= 1:
        raise ValueError("math domain error")
    return float(np.arctanh(float(x)))


# binds: math.pow
def power(x, y):
    """x**y in floats; 0 to a negative power and a negative base with a fraction raise."""
    a = float(x)
    b = float(y)
    r = float(np.power(a, b))
    if np.isnan(r) and a == a and b == b:
        raise ValueError("math domain error")
    if np.isinf(r) and not np.isinf(a) and not np.isinf(b):
        if a == 0:
            raise ValueError("math domain error")
        raise OverflowError("math range error")
    return r


# binds: math.fmod
def fmod(x, y):
    """Remainder with the sign of x; a zero y or infinite x raises."""
    a = float(x)
    b = float(y)
    if b == b and np.isinf(a) or a == a and b == 0:
        raise ValueError("math domain error")
    return float(np.fmod(a, b))


# binds: math.hypot
def hypot(*coordinates):
    """Euclidean length, scaled so that no square overflows."""
    if len(coordinates) == 2:
        return float(np.hypot(float(coordinates[0]), float(coordinates[1])))
    return _length([abs(float(c)) for c in coordinates])


def _length(parts):
    m = 0.0
    for p in parts:
        if np.isinf(p):
            return float("inf")
        m = max(m, p) if p == p else p
        if m != m:
            return m
    if m == 0.0:
        return 0.0
    s = 0.0
    for p in parts:
        s = s + (p / m) * (p / m)
    return m * float(np.sqrt(s))


# binds: math.dist
def dist(p, q):
    """Euclidean distance of two points."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    return _length([abs(float(p[i]) - float(q[i])) for i in range(len(p))])


# binds: math.isclose
def isclose(a, b, rel_tol=1e-09, abs_tol=0.0):
    """|a - b| <= max(rel_tol * max(|a|, |b|), abs_tol)."""
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if np.isinf(float(a)) or np.isinf(float(b)):
        return False
    d = abs(a - b)
    return bool(d <= abs(rel_tol * b) or d <= abs(rel_tol * a) or d <= abs_tol)


# binds: math.prod
def prod(iterable, start=1):
    """Product of the elements from left to right."""
    r = start
    for x in iterable:
        r = r * x
    return r


def _integer_or_raise(x):
    f = float(x)
    if np.isnan(f):
        raise ValueError("cannot convert float NaN to integer")
    if np.isinf(f):
        raise OverflowError("cannot convert float infinity to integer")
    return f


# binds: math.floor
def floor(x):
    """Largest int not above x."""
    if isinstance(x, int):
        return x
    return int(np.floor(_integer_or_raise(x)))


# binds: math.ceil
def ceil(x):
    """Smallest int not below x."""
    if isinstance(x, int):
        return x
    return int(np.ceil(_integer_or_raise(x)))


# binds: math.trunc
def trunc(x):
    """x without its fraction, as an int."""
    if isinstance(x, int):
        return x
    return int(np.trunc(_integer_or_raise(x)))


# binds: math.copysign
def copysign(x, y):
    """|x| with the sign of y."""
    return float(np.copysign(float(x), float(y)))


# binds: math.isnan
def isnan(x):
    """Whether x is NaN."""
    return bool(np.isnan(float(x)))


# binds: math.isinf
def isinf(x):
    """Whether x is infinite."""
    return bool(np.isinf(float(x)))


# binds: math.isfinite
def isfinite(x):
    """Whether x is neither infinite nor NaN."""
    f = float(x)
    return bool(f - f == 0.0)


# binds: math.modf
def modf(x):
    """Fraction and whole part, both with the sign of x."""
    f = float(x)
    w = float(np.trunc(f))
    d = 0.0 if np.isinf(f) else f - w
    return float(np.copysign(d, f)) if f == f else f, w


# binds: math.remainder
def remainder(x, y):
    """IEEE 754 remainder: x - n*y, n the integer nearest x/y, even on a tie."""
    a = float(x)
    b = float(y)
    if a != a or b != b:
        return a + b
    if np.isinf(a) or b == 0.0:
        raise ValueError("math domain error")
    if np.isinf(b):
        return a
    m = float(np.fmod(abs(a), abs(b)))
    c = abs(b) - m
    if m < c:
        r = m
    elif m > c:
        r = -c
    else:
        r = m - 2.0 * float(np.fmod(0.5 * (abs(a) - m), abs(b)))
    return float(np.copysign(1.0, a)) * r


# binds: math.fsum
def fsum(seq):
    """Correctly rounded sum: partial sums without rounding error (Shewchuk 1997), at most 40 of them for float64."""
    p = np.zeros(64)
    n = 0
    special = 0.0
    for v in seq:
        x = float(v)
        if x - x != 0.0:
            if np.isinf(x) and np.isinf(special) and x != special:
                raise ValueError("-inf + inf in fsum")
            special = special + x
        else:
            k = 0
            for j in range(n):
                y = float(p[j])
                if abs(x) < abs(y):
                    x, y = y, x
                hi = x + y
                lo = y - (hi - x)
                if lo != 0.0:
                    p[k] = lo
                    k += 1
                x = hi
            if x - x != 0.0:
                raise OverflowError("intermediate overflow in fsum")
            p[k] = x
            n = k + 1
    if special != 0.0:
        return special
    hi = 0.0
    lo = 0.0
    while n > 0 and lo == 0.0:
        n -= 1
        x = hi
        y = float(p[n])
        hi = x + y
        lo = y - (hi - x)
    # a tie is broken by the next partial sum
    if n > 0 and (lo < 0.0 and p[n - 1] < 0.0 or lo > 0.0 and p[n - 1] > 0.0):
        y = lo * 2.0
        x = hi + y
        if y == x - hi:
            hi = x
    return hi


# binds: math.exp2
def exp2(x):
    """2**x; overflow raises."""
    return _finite_or_raise(x, float(np.exp2(float(x))))


def _parts_or_raise(z, w):
    """w, unless it overflowed from a finite z; infinite or NaN arguments, on which cmath has its own rules, are refused."""
    c = complex(z)
    if not (abs(c.real) < np.inf and abs(c.imag) < np.inf):
        raise ValueError("math domain error")
    if not (abs(w.real) < np.inf and abs(w.imag) < np.inf):
        raise OverflowError("math range error")
    return w


# binds: cmath.exp
def complex_exp(z):
    """e**z of a finite complex number; overflow raises."""
    return _parts_or_raise(z, complex(np.exp(complex(z))))


# binds: cmath.log
def complex_log(z, base=None):
    """Principal logarithm of a complex number; zero raises."""
    if z == 0:
        raise ValueError("math domain error")
    w = complex(np.log(complex(z)))
    if base is None:
        return w
    return w / complex_log(base)


# binds: cmath.sin
def complex_sin(z):
    """Sine of a finite complex number; overflow raises."""
    return _parts_or_raise(z, complex(np.sin(complex(z))))


# binds: cmath.cos
def complex_cos(z):
    """Cosine of a finite complex number; overflow raises."""
    return _parts_or_raise(z, complex(np.cos(complex(z))))


# binds: cmath.polar
def polar(z):
    """(magnitude, phase)."""
    c = complex(z)
    return abs(c), float(np.arctan2(c.imag, c.real))


# binds: cmath.rect
def rect(r, phi):
    """The complex number of a finite magnitude and phase."""
    p = _angle_or_raise(phi)
    return complex(float(r) * float(np.cos(p)), float(r) * float(np.sin(p)))
