"""The functions of `math` and `cmath` in the prelude against CPython's: `python tests/prelude/test_scalar_math.py [name ...]`.

Exceptions count as results: where CPython raises, the prelude must raise. Exits 1 on any failure.
"""

import cmath
import math
import sys

import numpy as np

from cases import Case, RNG, report, sample

import scalar_math


def check_scalar_math():
    m = scalar_math
    floats = [0.0, -0.0, 0.3, -0.7, 1.0, -1.0, 2.5, -2.5, 1e10, -1e300, 1e308, 710.0, -745.0, math.inf, -math.inf, math.nan]
    for name in ("sqrt", "log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "sinh", "cosh", "sin", "cos", "tan", "asin", "acos", "acosh", "atanh", "fabs", "isnan", "isinf", "isfinite", "modf", "floor", "ceil", "trunc"):
        with Case(m, name, getattr(math, name), tolerance=2) as c:
            for x in floats:
                if name not in ("floor", "ceil", "trunc") or not abs(x) > 1e18 or not math.isfinite(x):
                    c(x)
            c(3)
    for name, mine in (("pow", "power"), ("fmod", "fmod"), ("hypot", "hypot"), ("copysign", "copysign"), ("remainder", "remainder"), ("isclose", "isclose")):
        with Case(m, mine, getattr(math, name), tolerance=2) as c:
            for x in floats:
                for y in floats:
                    c(x, y)
            for _ in range(200):
                c(float(RNG.uniform(-9, 9)), float(RNG.uniform(-3, 3)))
    with Case(m, "log", math.log, tolerance=2) as c:
        for b in (2, 10, 0.5, -1):
            c(7.5, b)
    for name in ("exp", "log", "sin", "cos"):
        with Case(m, "complex_" + name, getattr(cmath, name), tolerance=4) as c:
            for z in sample((40,), np.complex128):
                c(complex(z))
            for z in (0, 1j, -1, 0.5, 710j, 720.0, 720j):
                c(z)
            if name == "log":
                c(1 + 2j, 2)
    with Case(m, "polar", cmath.polar, tolerance=2) as c:
        for z in (0, 1 + 2j, -3.0, -1j):
            c(z)
    with Case(m, "rect", cmath.rect, tolerance=2) as c:
        c(2.0, 1.0)
        c(1, -3)
    for name in ("factorial", "isqrt"):
        with Case(m, name, getattr(math, name)) as c:
            for n in range(-1, 20):
                c(n)
    for name in ("comb", "perm"):
        with Case(m, name, getattr(math, name)) as c:
            for n in range(-1, 12):
                for k in range(-1, 13):
                    c(n, k)
    for name in ("lcm", "gcd"):
        with Case(m, name, getattr(math, name)) as c:
            for a in range(-6, 13):
                for b in range(-6, 13):
                    c(a, b)
    with Case(m, "dist", math.dist, tolerance=4) as c:
        c((1.0, 2.0), (4.0, 6.0))
        c((1.0, 2.0, 3.0), (4.0, 6.0, -1.0))
        c((1.0, 2.0), (4.0, 6.0, 1.0))
    with Case(m, "prod", math.prod) as c:
        c([2, 3, 4])
        c([1.5, 2.0], start=3)
    with Case(m, "fsum", math.fsum) as c:
        for _ in range(50):
            c([float(v) for v in 10.0 ** RNG.uniform(-30, 30, 60) * RNG.choice([-1, 1], 60)])
        c([1e16, 1.0, -1e16])
        c([0.1] * 10)
        c([])
        c([math.inf, 1.0])
        c([math.inf, -math.inf])
        c([math.nan])
        c([1e308, 1e308])
        c([1.0, 2.0**-53, 2.0**-106])


def main():
    check_scalar_math()
    return report()


if __name__ == "__main__":
    sys.exit(main())
