"""The NumPy and math families of the prelude against NumPy: `python tests/prelude/test_math.py [name ...]`.

Needs numpy only. Each function is called with many shapes, element types and arguments, faulty ones included; result
types and shapes must be equal, values equal or within a stated number of eps. One line per function; exits 1 on any failure.
"""

import math
import sys

import numpy as np

from cases import Case, DTYPES, REAL, RNG, arrays, axes_of, report, sample

import construct, elementwise, logic, misc, polynomials, products, reductions, sets, shape, ufunc_methods, windows  # noqa: E401


def check_reductions():
    m = reductions
    for name in ("mean", "var", "std"):
        with Case(m, name, tolerance=8) as c:
            for x in arrays():
                for axis in axes_of(x) + ([(0, 1)] if x.ndim > 1 else []):
                    c(x, axis=axis)
                    c(x, axis=axis, keepdims=True)
                if name != "mean":
                    c(x, ddof=1)
            c(sample((5,), np.int32), axis=3)
    with Case(m, "average", tolerance=8) as c:
        for x in arrays(REAL[:2] + (np.complex128, np.int64)):
            c(x)
            c(x, weights=np.abs(sample(x.shape, np.float64)))
            for axis in range(x.ndim):
                c(x, axis=axis, weights=np.arange(1.0, x.shape[axis] + 1))
        c(sample((3, 4), np.float64), weights=np.ones(3))
    for name in ("median", "nanmean", "nanmedian", "nansum", "nanprod", "nanmax", "nanmin", "nanvar", "nanstd"):
        with Case(m, name, tolerance=8) as c:
            for x in arrays(REAL if name != "nanvar" and name != "nanstd" else REAL[:2], nan=True):
                for axis in axes_of(x):
                    if name in ("nanmax", "nanmin") and x.dtype.kind == "f" and np.isnan(x).all():
                        continue
                    c(x, axis=axis)
                    c(x, axis=axis, keepdims=True)
    for name, qs in (("percentile", (0, 25, 50, 37.5, 100, [5, 95])), ("quantile", (0.0, 0.25, 1.0, [0.1, 0.9]))):
        with Case(m, name, tolerance=8) as c:
            for x in arrays((np.float64, np.int64, np.float32)):
                for q in qs:
                    for axis in axes_of(x):
                        c(x, q, axis=axis)
            c(sample((5,), np.float64), 101)
    with Case(m, "ptp") as c:
        for x in arrays(REAL):
            for axis in axes_of(x):
                c(x, axis=axis)
    with Case(m, "diff") as c:
        for x in arrays():
            for axis in range(-x.ndim, x.ndim):
                for n in range(4):
                    c(x, n=n, axis=axis)
        c(sample((4,), np.float64), n=-1)
        c(np.float64(3.0))
    with Case(m, "ediff1d") as c:
        for x in arrays(REAL):
            c(x)
            c(x, to_begin=np.zeros(2, x.dtype), to_end=np.ones(1, x.dtype))
    with Case(m, "count_nonzero") as c:
        for x in arrays():
            for axis in axes_of(x):
                c(x, axis=axis)
    with Case(m, "cov", tolerance=32) as c:
        for x in arrays((np.float64, np.float32, np.int64, np.complex128), ((7,), (3, 8))):
            c(x)
            c(x, bias=True)
            c(x, ddof=0)
            c(x, x[::-1].copy())
            if x.ndim == 2:
                c(x, rowvar=False)
    with Case(m, "corrcoef", tolerance=64) as c:
        for x in arrays((np.float64, np.int64), ((9,), (3, 8))):
            c(x)
            c(x, x[::-1].copy())
    with Case(m, "gradient", tolerance=8) as c:
        for x in arrays((np.float64, np.float32, np.complex128, np.int64), ((7,), (3,), (2,), (1,))):
            c(x)
            c(x, 0.5)
            c(x, np.cumsum(RNG.uniform(0.5, 2, x.shape[0])))
            c(x, 2.0, edge_order=2)
            c(x, np.cumsum(RNG.uniform(0.5, 2, x.shape[0])), edge_order=2)
        for axis in (0, 1):
            c(sample((4, 5), np.float64), 0.1, axis=axis)
    with Case(m, "trapezoid", tolerance=8) as c:
        for x in arrays((np.float64, np.float32, np.complex64, np.int64), ((7,), (3, 4))):
            c(x)
            c(x, dx=0.25, axis=0)
            c(x, np.sort(RNG.uniform(0, 9, x.shape[-1])))


def check_shape():
    m = shape
    with Case(m, "sliding_window_view", np.lib.stride_tricks.sliding_window_view) as c:
        for n in (3, 4, 9):
            c(sample((n,), np.float64), 3)
            c(sample((n,), np.int16), window_shape=(2,))
        c(sample((2,), np.float64), 3)
    with Case(m, "roll") as c:
        for x in arrays():
            for k in (0, 1, -1, 3, -11, 100):
                for axis in axes_of(x):
                    c(x, k, axis=axis)
        c(sample((3, 4), np.int64), (1, 2), axis=(0, 1))
        c(sample((3, 4), np.int64), 1, axis=(0, 1))
        c(sample((3, 4), np.int64), 1, axis=2)
    with Case(m, "flip") as c:
        for x in arrays():
            for axis in axes_of(x) + ([(0, -1)] if x.ndim > 1 else []):
                c(x, axis=axis)
    for name in ("fliplr", "flipud"):
        with Case(m, name) as c:
            for x in arrays():
                c(x)
    with Case(m, "rot90") as c:
        for x in arrays(shapes=((3, 4), (2, 3, 4))):
            for k in range(-3, 6):
                c(x, k)
        c(sample((2, 3, 4), np.int32), 1, axes=(1, 2))
        c(sample((2, 3, 4), np.int32), 1, axes=(1, 1))
    with Case(m, "swapaxes") as c:
        for x in arrays(shapes=((3, 4), (2, 3, 4))):
            c(x, 0, -1)
            c(x, 1, 0)
        c(x, 0, 5)
    with Case(m, "moveaxis") as c:
        x = sample((2, 3, 4, 5), np.float64)
        for i in range(-4, 4):
            for j in range(-4, 4):
                c(x, i, j)
        c(x, (0, 1), (2, 3))
        c(x, (3, 0), (0, 1))
        c(x, (0, 1), (2,))
    with Case(m, "rollaxis") as c:
        for i in range(3):
            for j in range(4):
                c(sample((2, 3, 4), np.float64), i, j)
    with Case(m, "tile") as c:
        for x in arrays((np.float64, np.int32)):
            for reps in (0, 1, 3, (2,), (2, 3), (2, 1, 3), [2, 2]):
                c(x, reps)
        c(np.float64(4), 3)
    with Case(m, "repeat") as c:
        for x in arrays((np.float64, np.int32, np.complex64)):
            for axis in axes_of(x):
                for n in (0, 1, 3, -1):
                    c(x, n, axis=axis)
                length = x.size if axis is None else x.shape[axis]
                c(x, RNG.integers(0, 4, length), axis=axis)
        c(sample((3,), np.float64), np.array([1, 2]))
    for name in ("stack", "hstack", "vstack", "dstack", "column_stack"):
        with Case(m, name) as c:
            for s in ((5,), (3, 4), (2, 3, 4)):
                for a, b in ((np.float64, np.float64), (np.float32, np.int16), (np.int64, np.complex64)):
                    if name == "stack":
                        for axis in range(-len(s) - 1, len(s) + 1):
                            c((sample(s, a), sample(s, b)), axis=axis)
                    else:
                        c((sample(s, a), sample(s, b)))
            if name == "stack":
                c((np.zeros(3), np.zeros(4)))
    for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
        with Case(m, name) as c:
            c(np.float64(2))
            for x in arrays((np.int64,)):
                c(x)
                c(x, x)
    with Case(m, "append") as c:
        for x in arrays((np.float64, np.int64)):
            c(x, x[:1])
            c(x, 3.5)
            c(x, x, axis=0)
    with Case(m, "insert") as c:
        for x in arrays((np.float64, np.int64), ((5,), (3, 4))):
            for i in (0, 1, -1, 3):
                c(x, i, 7)
                c(x, i, np.arange(2.0))
        for i in (0, 2, -1, 9):
            c(sample((3, 4), np.float64), i, 1.5, axis=0)
            c(sample((3, 4), np.float64), i, np.arange(3.0), axis=1)
            c(sample((3, 4), np.float64), i, np.arange(4.0), axis=0)
    with Case(m, "delete") as c:
        for x in arrays((np.float64, np.int64), ((7,), (3, 4))):
            for i in (0, 2, -1, 50, [0, 2], [1, -1], slice(0, 2), slice(None, None, 2), []):
                c(x, i)
                c(x, i, axis=0) if i != 2 and not (isinstance(i, list) and x.shape[0] < 4) else None
    for name, args in (("split", (1, 2, 3, 4, [1, 2], [2])), ("array_split", (1, 2, 3, 5, [1, 3]))):
        with Case(m, name) as c:
            for x in arrays((np.float64,), ((12,), (7,), (6, 4))):
                for a in args:
                    for axis in range(x.ndim):
                        c(x, a, axis=axis)
    for name in ("hsplit", "vsplit", "dsplit"):
        with Case(m, name) as c:
            for x in arrays((np.float64,), ((12,), (6, 4), (4, 2, 6))):
                c(x, 2)
                c(x, [1])
    with Case(m, "pad") as c:
        for x in arrays((np.float64, np.int32, np.complex64), ((5,), (1,), (3, 4))):
            for width in (0, 1, 4, (2, 3), [1, 2], ((0, 9),), (11, 0)):
                c(x, width)
                c(x, width, mode="constant", constant_values=3)
                c(x, width, constant_values=(1, 2))
                for mode in ("edge", "wrap", "reflect", "symmetric"):
                    c(x, width, mode=mode)
        c(sample((3, 4), np.float64), ((1, 2), (0, 3)), mode="reflect")
        c(sample((3,), np.float64), -1)
    with Case(m, "take_along_axis") as c:
        for x in arrays((np.float64,), ((6,), (3, 4))):
            for axis in range(-x.ndim, x.ndim):
                c(x, np.argsort(x, axis=axis), axis=axis)
    with Case(m, "resize") as c:
        for x in arrays((np.float64, np.int32)):
            for s in (3, 20, (2, 3), (5, 5)):
                c(x, s)


def check_construct():
    m = construct
    with Case(m, "linspace") as c:
        for a, b in ((0, 1), (0.0, 1.0), (-3, 7.5), (2, 2), (1e-3, 1e3), (5, -5), (0, 2 * math.pi)):
            for n in (0, 1, 2, 5, 50, 101):
                for end in (True, False):
                    c(a, b, n, endpoint=end)
        c(0, 10, 7, dtype=np.int64)
        c(np.float32(0.1), np.float32(0.7), 7)
        c(np.float32(0.1), 0.7, 7)
        c(np.int16(1), np.int16(9), 4)
        c(np.complex64(1j), np.float32(0.7), 1)
        c(0, 10, 7, dtype=np.float32)
        c(0, 10, 7, retstep=True)
        c(0, 1, -1)
    with Case(m, "linspace", tolerance=2) as c:
        c(1 + 2j, 3 - 1j, 5)
        c(1 + 2j, 3 - 1j, 5, endpoint=False)
    with Case(m, "logspace", tolerance=8) as c:
        for n in (1, 2, 7):
            c(0, 3, n)
            c(-1.5, 2, n, endpoint=False, base=2.0)
    with Case(m, "geomspace", tolerance=64) as c:
        for n in (1, 2, 7):
            c(1, 1000, n)
            c(-1, -64, n)
            c(256, 0.5, n, endpoint=False)
        c(0, 1, 3)
    with Case(m, "meshgrid") as c:
        for kw in ({}, {"indexing": "ij"}, {"sparse": True}, {"sparse": True, "indexing": "ij"}, {"indexing": "no"}):
            c(np.arange(3), np.arange(4.0), **kw)
            c(np.arange(3), np.arange(4.0), np.arange(2), **kw)
    with Case(m, "indices") as c:
        c((2, 3))
        c((2, 3, 4))
        c((5,))
    grids = ((slice(0, 3),), (slice(0, 3), slice(1, 6, 2)), (slice(-1, 1, 5j), slice(0, 2)), (slice(0.0, 1.0, 0.25), slice(3), slice(2)))
    for name in ("mgrid", "ogrid"):
        with Case(m, name, lambda *s, name=name: getattr(np, name)[s if len(s) > 1 else s[0]]) as c:
            for g in grids:
                c(*g)
    with Case(m, "identity") as c:
        c(4)
        c(3, dtype=np.int32)
    with Case(m, "tri") as c:
        for n, columns in ((3, None), (3, 5), (4, 2)):
            for k in range(-3, 4):
                c(n, columns, k)
    for name in ("tril", "triu"):
        with Case(m, name) as c:
            for x in arrays(shapes=((4,), (3, 4), (4, 3), (2, 3, 3))):
                for k in range(-3, 4):
                    c(x, k)
    with Case(m, "diag") as c:
        for x in arrays(shapes=((4,), (3, 4), (4, 3))):
            for k in range(-3, 4):
                c(x, k)
    with Case(m, "trace", tolerance=4) as c:
        for x in arrays((np.float64, np.int64, np.int32, np.complex64), ((3, 4), (4, 4))):
            for k in range(-2, 3):
                c(x, k)
    with Case(m, "diagflat") as c:
        for x in arrays((np.float64, np.int64), ((4,), (2, 2))):
            c(x, 1)
            c(x)

    def filled(function):
        def run(x, value):
            y = x.copy()
            function(y, value)
            return y

        return run

    with Case(m, "fill_diagonal", filled(np.fill_diagonal)) as c:
        c.function = filled(construct.fill_diagonal)
        for x in arrays((np.float64, np.int64), ((3, 3), (3, 5))):
            c(x, 7)
            c(x, np.array([1, 2, 3]))
    for name in ("tril_indices", "triu_indices"):
        with Case(m, name) as c:
            for k in (-1, 0, 2):
                c(4, k)
                c(4, k, 3)
    with Case(m, "vander", tolerance=16) as c:
        for x in arrays(shapes=((5,), (1,))):
            if x.dtype not in (np.bool_, np.uint8, np.int16, np.int32):
                for n in (None, 1, 3):
                    for inc in (False, True):
                        c(x, n, increasing=inc)
    with Case(m, "kron") as c:
        for a in ((3,), (2, 3)):
            for b in ((4,), (2, 2)):
                for d in (np.float64, np.complex64, np.int32):
                    c(sample(a, d), sample(b, np.float64))
                    c(sample(a, d), sample(b, d))


def check_windows():
    for name in ("hamming", "hanning", "blackman", "bartlett"):
        with Case(windows, name, tolerance=4) as c:
            for n in (0, 1, 2, 3, 8, 51, 64):
                c(n)
    with Case(windows, "kaiser", tolerance=8) as c:
        for n in (0, 1, 2, 9, 64):
            for beta in (0, 0.5, 5, 8.6, 14.0, 60.0):
                c(n, beta)
    with Case(windows, "i0", tolerance=8) as c:
        for v in np.concatenate((np.linspace(-20, 20, 401), [0.0, 8.0, 100.0, 700.0, 1e-9])):
            c(np.array([v]))
        c(np.float64(3))
    with Case(windows, "sinc", tolerance=4) as c:
        for x in arrays((np.float64, np.float32, np.complex128, np.int64)):
            c(x)
            c(x * 0)


def check_polynomials():
    m = polynomials
    with Case(m, "polyval") as c:
        for p in arrays((np.float64, np.int64, np.complex128, np.float32), ((1,), (4,))):
            for x in arrays((np.float64, np.int64, np.complex64), ((5,), (2, 3))):
                c(p, x)
            c(p, 1.5)
    for name in ("polyadd", "polysub", "polymul"):
        with Case(m, name, tolerance=4) as c:
            for a in arrays((np.float64, np.int64), ((1,), (4,), (6,))):
                for b in arrays((np.float64, np.complex128, np.int64), ((3,), (5,))):
                    a[0] = b[0] = 1  # numpy trims leading zeros
                    c(a, b)
    with Case(m, "polyder") as c:
        for p in arrays((np.float64, np.int64), ((1,), (4,), (6,))):
            for k in (0, 1, 2, 5, -1):
                c(p, k)
    with Case(m, "polyint", tolerance=4) as c:
        for p in arrays((np.float64, np.int64), ((1,), (4,), (6,))):
            for k in (1, 2, -1):
                c(p, k)
            c(p, 1, 3.0)
    with Case(m, "poly", tolerance=16) as c:
        for z in arrays((np.float64, np.int64), ((1,), (4,), (6,))):
            c(z)
        c(np.array([1 + 2j, 3 - 1j, 0.5j]))
    with Case(m, "polyfit", tolerance=4096) as c:
        for n, deg in ((6, 0), (6, 1), (9, 3), (20, 4)):
            x = np.sort(RNG.uniform(-2, 2, n))
            c(x, sample((n,), np.float64), deg)
            c(x, sample((n,), np.complex128), deg)
            c(x, sample((n,), np.float64), deg, w=RNG.uniform(0.5, 2, n))
            c(x, sample((n, 2), np.float64), deg)
        c(np.zeros(3), np.zeros(4), 1)
        c(np.zeros(3), np.zeros(3), -1)


def check_logic():
    m = logic
    for name in ("logical_and", "logical_or", "logical_xor"):
        with Case(m, name) as c:
            for x in arrays(shapes=((6,),)):
                c(x, np.roll(x, 1))
                c(x * 0, x)
    for name in ("logical_not", "isreal", "iscomplex"):
        with Case(m, name) as c:
            for x in arrays():
                c(x)
                c(x * 0)
    wild = np.array([0.0, -0.0, 1, np.nan, np.inf, -np.inf, 1e-9, 1e5])
    with Case(m, "isfinite") as c:
        for x in arrays():
            c(x)
        for d in (np.float64, np.float32, np.complex128):
            c(wild.astype(d))
        c(wild + 1j * wild[::-1])
    for name in ("isposinf", "isneginf"):
        with Case(m, name) as c:
            c(wild)
            c(np.arange(3))
    for name in ("isclose", "allclose"):
        with Case(m, name) as c:
            a, b = [g.ravel() for g in np.meshgrid(wild, np.concatenate((wild, wild + 1e-9, wild * (1 + 1e-6))))]
            c(a, b)
            c(a, b, equal_nan=True)
            c(a, b, rtol=0, atol=1e-3)
            c(np.arange(4), np.arange(4))
            c(np.arange(4), np.arange(4) + 1)
            c(a[:5], a[:5], equal_nan=True)
            c(1.0, 1.0 + 1e-9)
            c(a.astype(np.float32), b.astype(np.float32))
            c(np.float32([0.1, 0.2]), 0.1, rtol=0, atol=0)
            c(0.1, np.float32([0.1, 0.2]), rtol=0, atol=0)
            c(np.arange(4), 2)
    for name in ("array_equal", "array_equiv"):
        with Case(m, name) as c:
            for x in arrays():
                c(x, x.copy())
                c(x, np.where(np.arange(x.size).reshape(x.shape) == 0, ~x if x.dtype == bool else x + 1, x))
            if name == "array_equal":
                c(wild, wild)
                c(wild, wild, equal_nan=True)
                c(np.zeros(3), np.zeros(4))
    with Case(m, "clip") as c:
        for x in arrays(REAL[:4]):
            c(x, 0, 3)
            c(x, None, 2)
            c(x, -1, None)
            c(x, 5, 1)
            c(x, np.zeros_like(x), np.ones_like(x))
            c(x, min=1, max=4)
        c(wild, -1.0, 2.0)
        c(wild, np.nan, 2.0)
    with Case(m, "nan_to_num") as c:
        for d in (np.float64, np.float32, np.complex128):
            c(wild.astype(d))
            c(wild.astype(d), nan=7.0, posinf=3.0, neginf=-2.0)
        c(np.arange(3))
    with Case(m, "round_", np.round) as c:
        for x in arrays((np.float64, np.float32, np.complex128, np.int64)):
            for d in (0, 1, 2, 3):
                c(x, d)
            c(x * 0 + x.dtype.type(25), 0)
        c(np.array([0.5, 1.5, 2.5, -0.5, -1.5, 0.125, 1234.5678]), 2)
        c(np.array([0.5, 1.5, 2.5, -0.5, -1.5, 1234.5678]), -2)
    with Case(m, "fix") as c:
        c(wild)
        c(np.array([1.5, -1.5, 0.2, -0.2], np.float32))
    with Case(m, "heaviside") as c:
        c(wild, 0.5)
        c(sample((5,), np.float32), np.float32(1))
        c(sample((5,), np.float32), 0.5)
    with Case(m, "select") as c:
        x = sample((9,), np.float64)
        c([x < 0, x > 4], [x * 2, x + 1], 7.0)
        c([x < 0, x > 4], [x * 2, x + 1])
        c([x < 0], [x, x])
    for name in ("gcd", "lcm"):
        with Case(m, name) as c:
            a = RNG.integers(-60, 60, 200)
            b = RNG.integers(-60, 60, 200)
            c(a, b)
            c(a.astype(np.int32), b.astype(np.int32))
            c(a, 12)
            c(a.astype(np.int16), 12)


def check_sets():
    m = sets
    with Case(m, "flatnonzero") as c:
        for x in arrays():
            c(x)
            c(x * 0)
    with Case(m, "argwhere") as c:
        for x in arrays(shapes=((7,), (3, 4))):
            c(x > 0 if x.dtype.kind != "c" else x.real > 0)
    grid = np.array([-3.0, -1, 0, 0, 0.5, 2, 2, 2, 7])
    with Case(m, "searchsorted") as c:
        for side in ("left", "right", "middle"):
            c(grid, RNG.uniform(-5, 9, 60), side)
            c(grid, grid, side)
            c(grid, 2.0, side)
            c(np.append(grid, np.nan), np.array([np.nan, 1, 9, np.inf, -np.inf]), side)
            c(grid, RNG.uniform(-5, 9, (3, 4)), side)
            c(np.arange(5), np.array([2, 9, -1]), side)
    with Case(m, "digitize") as c:
        for right in (False, True):
            c(RNG.uniform(-5, 9, 60), grid, right)
            c(grid, grid, right)
            c(grid, grid[::-1], right)
            c(RNG.uniform(-5, 9, 60), grid[::-1], right)
        c(grid, np.array([0.0, 2.0, 1.0]))
    with Case(m, "bincount", tolerance=4) as c:
        for n in (0, 1, 40):
            x = RNG.integers(0, 9, n)
            c(x)
            c(x, minlength=20)
            c(x, weights=RNG.uniform(0, 1, n))
        c(np.array([1, -1]))
        c(np.array([1, 2]), weights=np.ones(3))
    with Case(m, "histogram", tolerance=4) as c:
        x = RNG.standard_normal(500)
        for kw in ({}, {"bins": 7}, {"bins": [-1, 0, 0.5, 3]}, {"range": (-1, 1)}, {"density": True}, {"weights": np.abs(x)}, {"bins": 0}, {"range": (1, -1)}, {"bins": [2, 1]}):
            c(x, **kw)
        c(np.arange(50) % 7, bins=7)
        c(x.astype(np.float32))
        c(x.astype(np.float32), bins=[-1, 0, 0.5, 3])
        c(np.ones(5))
        c(np.linspace(0, 1, 101), bins=10)
    with Case(m, "unique") as c:
        for x in arrays(REAL + (np.bool_,)):
            c(x)
            for d in ((True, False, False), (False, True, False), (False, False, True), (True, True, True)):
                c(np.rint(x / 3).astype(x.dtype) if x.dtype != bool else x, *d)
        c(np.array([np.nan, 1, np.nan, 0.0]), return_counts=True)
        c(np.zeros(0), return_counts=True)
    with Case(m, "isin") as c:
        x = RNG.integers(0, 12, (4, 5))
        for t in (np.array([3, 5, 7]), np.array([1]), np.zeros(0), np.array([2.0, 11.5])):
            c(x, t)
            c(x, t, invert=True)
        c(np.array([1.0, np.nan]), np.array([np.nan, 1.0]))
    for name in ("intersect1d", "setdiff1d", "union1d", "setxor1d"):
        with Case(m, name) as c:
            for _ in range(10):
                c(RNG.integers(0, 12, 9), RNG.integers(0, 12, 7))
            c(np.array([1.5, 2.5]), np.array([2.5]))
    for name in ("nanargmax", "nanargmin"):
        with Case(m, name) as c:
            for x in arrays((np.float64, np.float32), ((9,), (3, 4)), nan=True):
                c(x)
            c(np.full(3, np.nan))
    with Case(m, "unravel_index") as c:
        c(np.arange(24), (2, 3, 4))
        c(7, (2, 3, 4))
    with Case(m, "ravel_multi_index") as c:
        c((np.array([0, 1]), np.array([2, 1])), (2, 3))


def check_products():
    m = products
    with Case(m, "outer") as c:
        for x in arrays((np.float64, np.int32, np.complex64)):
            c(x, sample((4,), np.float64))
            c(x, x)
    for name in ("inner", "vdot"):
        with Case(m, name, tolerance=16) as c:
            for d in (np.float64, np.int64, np.complex128):
                c(sample((5,), d), sample((5,), d))
                c(sample((3, 5), d), sample((3, 5), d))
                if name == "inner":
                    c(sample((3, 5), d), sample((5,), d))
                    c(sample((2, 3, 5), d), sample((4, 5), d))
                    c(sample((5,), d), sample((4,), d))
    with Case(m, "cross", tolerance=4) as c:
        for d in (np.float64, np.int64, np.complex64):
            c(sample((3,), d), sample((3,), d))
            c(sample((5, 3), d), sample((5, 3), d))
            c(sample((5, 3), d), sample((3,), d))
            c(sample((3, 5), d), sample((3, 5), d), axis=0)
        c(sample((4,), d), sample((4,), d))
    with Case(m, "tensordot", tolerance=16) as c:
        x, y = sample((3, 4, 5), np.float64), sample((4, 3, 2), np.float64)
        c(x, y, ((1, 0), (0, 1)))
        c(x, y, ([0], [1]))
        c(x, y, (1, 0))
        c(x, sample((5, 2), np.float64), 1)
        c(x, sample((4, 5, 2), np.complex128), 2)
        c(x, y, 0)
        c(x, y, 1)
    with Case(m, "einsum", tolerance=16) as c:
        a, b, v, w = sample((3, 4), np.float64), sample((4, 5), np.complex128), sample((4,), np.float64), sample((3,), np.float64)
        t, u = sample((2, 3, 4), np.float64), sample((2, 4, 5), np.float64)
        s = sample((4, 4), np.float64)
        for call in (("ij,jk->ik", a, b), ("ij,jk", a, b), ("ij->ji", a), ("ij->", a), ("ij->j", a), ("ii->", s), ("ii->i", s), ("ii", s), ("i,i->", v, v), ("i,j->ij", v, w),
                     ("i,i->i", v, v), ("bij,bjk->bik", t, u), ("bij,bjk->ikb", t, u), ("ij,j->i", a, v), ("ij,ij->i", a, a), ("i,ij,j->", w, a, v), ("ij,jk,k->i", a, s, v),
                     ("ba", a), ("ij,kj->ki", a, s), (" i j , j -> i ", a, v), ("ij,ij->", a, a), ("ij,j->", a, v), ("ij", a, a), ("ij->ii", a), ("ij,jk->ik", a, a)):
            c(*call)


def check_misc():
    m = misc
    with Case(m, "interp", tolerance=4) as c:
        xp = np.array([-2.0, -1, 0, 0.5, 3])
        fp = RNG.uniform(-1, 1, 5)
        x = np.concatenate((RNG.uniform(-4, 5, 80), xp, [np.nan, np.inf, -np.inf]))
        c(x, xp, fp)
        c(x, xp, fp, left=-7.0, right=9.0)
        c(x, xp, fp + 1j * fp[::-1])
        c(RNG.uniform(-9, 9, 50), np.array([0.3, 2.0, 1.0]), np.array([1.0, 2, 5]), period=3.0)
        c(1.25, xp, fp)
        c(np.arange(4), np.arange(4), np.array([3, 1, 2, 8]))
        c(x, xp[:1], fp[:1])
        c(x, xp, fp[:3])
        c(x.reshape(4, -1), xp, fp)
        c(x, xp, np.array([0.0, np.inf, 1, 1, -np.inf]))
    with Case(m, "unwrap", tolerance=8) as c:
        for d in (np.float64, np.float32):
            for s in ((50,), (4, 20), (1,)):
                x = (RNG.uniform(-12, 12, s)).astype(d)
                for axis in range(-len(s), len(s)):
                    c(x, axis=axis)
                c(x, discont=4.0)
                c(x, period=4.0)
        c(np.array([0, math.pi, 0, -math.pi, 2 * math.pi]))
        c(np.array([0.0, 2.0, 4.0, 0.0]), period=4.0)
        c(np.arange(0, 40, 4))
    for order in ("big", "little", "huge"):
        with Case(m, "packbits") as c:
            for n in (0, 1, 7, 8, 9, 40):
                c(RNG.integers(0, 2, n).astype(np.uint8), bitorder=order)
                c(RNG.integers(0, 3, (3, n)).astype(np.uint8), axis=1, bitorder=order)
                c(RNG.integers(0, 2, (n, 3)).astype(np.bool_), axis=0, bitorder=order)
        with Case(m, "unpackbits") as c:
            for n in (0, 1, 5):
                x = RNG.integers(0, 256, n).astype(np.uint8)
                for count in (None, 3, 100, -2):
                    if n or count is None:  # NumPy leaves an empty input's padding undefined
                        c(x, bitorder=order, count=count)
                c(RNG.integers(0, 256, (3, n)).astype(np.uint8), axis=1, bitorder=order)
                c(RNG.integers(0, 256, (n, 3)).astype(np.uint8), axis=0, bitorder=order)
    with Case(m, "apply_along_axis", tolerance=4) as c:
        for axis in (0, 1, -1):
            c(np.sum, axis, sample((3, 4), np.float64))
            c(lambda r: r[::-1] * 2, axis, sample((3, 4), np.float64))
            c(lambda r, k: r * k, axis, sample((3, 4), np.float64), 3)
        c(np.sort, 0, sample((5,), np.int64))
    with Case(m, "ndindex", lambda *s: list(np.ndindex(*s))) as c:
        c(2, 3)
        c((2, 3, 2))
        c(4)
    with Case(m, "ndenumerate", lambda x: [v for _, v in np.ndenumerate(x)]) as c:
        c.function = lambda x: [v for _, v in misc.ndenumerate(x)]
        c(sample((2, 3), np.float64))
    with Case(m, "cumulative_sum", tolerance=4) as c:
        c(sample((5,), np.float64))
        c(sample((3, 4), np.float64), axis=1)
        c(sample((3, 4), np.float64))
    with Case(m, "nancumsum", tolerance=4) as c:
        for x in arrays((np.float64, np.float32), nan=True):
            c(x)
            c(x, axis=0)


def check_ufunc_methods():
    m = ufunc_methods
    for name, ufunc in (("maximum_accumulate", np.maximum), ("minimum_accumulate", np.minimum)):
        with Case(m, name, ufunc.accumulate) as c:
            for x in arrays(REAL, nan=True):
                for axis in range(x.ndim):
                    c(x, axis=axis)
    for name in ("add", "multiply", "maximum", "minimum", "logical_and", "logical_or"):
        with Case(m, name + "_reduce", getattr(np, name).reduce, tolerance=8) as c:
            for x in arrays(REAL, nan=True):
                c(x)
                for axis in axes_of(x):
                    c(x, axis=axis)
                    c(x, axis=axis, keepdims=True)
    for name in ("add", "multiply"):
        with Case(m, name + "_accumulate", getattr(np, name).accumulate, tolerance=8) as c:
            for x in arrays(REAL):
                for axis in range(x.ndim):
                    c(x, axis=axis)
            c(sample((5,), np.int16), dtype=np.int64)
    for name in ("add", "subtract", "multiply"):
        with Case(m, name + "_outer", getattr(np, name).outer) as c:
            for dtype in REAL:
                c(sample((3,), dtype), sample((2, 4), dtype))
                c(sample((2, 3), dtype), sample((4,), np.float64))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        with Case(m, name + "_reduce", getattr(np, name).reduce) as c:
            for dtype in (np.uint8, np.int16, np.int64):
                for n in (1, 2, 7):
                    c(RNG.integers(0, 100, n).astype(dtype))


def check_elementwise():
    m = elementwise
    wild = np.array([0.0, -0.0, 1, -1, 2.5, -2.5, np.nan, np.inf, -np.inf, 1e-9, 1e5])
    with Case(m, "angle", tolerance=4) as c:
        for x in arrays(DTYPES[:6] + (np.int16,)):
            c(x)
            c(x, deg=True)
        c(wild)
    for name in ("sign", "square", "positive"):
        with Case(m, name, tolerance=4) as c:
            for x in arrays(DTYPES[:8]):
                c(x)
                c(x * 0)
            c(wild)
            c(wild + 1j * wild[::-1]) if name != "sign" else None
    with Case(m, "float_power", tolerance=16) as c:
        for x in arrays((np.float32, np.int64, np.complex64)):
            c(x, 2)
            c(np.abs(x), 1.5)
    for name in ("fmax", "fmin"):
        with Case(m, name) as c:
            a, b = [g.ravel() for g in np.meshgrid(wild, wild)]
            c(a, b)
            for x in arrays(REAL):
                c(x, x[::-1].copy())
                c(x, 2)
                c(x, 2.5)
    with Case(m, "divmod_", np.divmod) as c:
        for x in arrays(REAL[:4]):
            c(x, sample(x.shape, x.dtype) + x.dtype.type(20))
            c(x, 3)
    with Case(m, "modf") as c:
        c(wild)
        c(sample((9,), np.float32))
        c(np.arange(3))
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        ufunc = getattr(np, name)
        with Case(m, name + "_outer", ufunc.outer) as c:
            for x in arrays(REAL):
                c(x, sample((3,), x.dtype))
                c(x, sample((2, 2), np.float64))

        def scattered(at):
            def run(a, i, b):
                y = a.copy()
                at(y, i, b)
                return y

            return run

        with Case(m, name + "_at", scattered(ufunc.at)) as c:
            c.function = scattered(getattr(m, name + "_at"))
            for d in (np.float64, np.int64, np.float32):
                c(sample((6,), d), np.array([0, 1, 1, -1, 5, 1]), sample((6,), d))
                c(sample((6,), d), np.array([2, 2, 2]), d(3))
                c(sample((6,), d), np.array([2, 9]), d(3))
    with Case(m, "extract") as c:
        for x in arrays((np.float64, np.int64)):
            c(x > 1, x)
    with Case(m, "compress") as c:
        for x in arrays((np.float64, np.int64), ((4,), (4, 3))):
            c(np.array([True, False, True, True]), x)
            c(np.array([True, False, True, True]), x, axis=0)
    with Case(m, "ix_") as c:
        c(np.array([0, 2]), np.array([1, 3, 4]))
        c(np.array([True, False, True]), np.array([1]))
        c(np.zeros((2, 2), int))
    with Case(m, "lexsort") as c:
        for _ in range(20):
            c((RNG.integers(0, 4, 12), RNG.integers(0, 3, 12), RNG.integers(0, 2, 12)))
        c((sample((9,), np.float64),))

    with Case(m, "bitwise_count") as c:
        for d in (np.int64, np.int32, np.uint8, np.int16, np.uint64):
            c(RNG.integers(0, 120, 50).astype(d))
        c(np.array([-1, -5, 0, 2**63 - 1, -(2**63)]))
        c(RNG.integers(0, 2**64, 50, dtype=np.uint64))
    with Case(m, "broadcast_arrays") as c:
        c(np.arange(3), np.zeros((2, 1)), 4.0)
        c(np.arange(3), np.arange(4))

    def written(function):
        """The array after an in-place call on a copy of it."""

        def run(a, *args, **kwargs):
            y = a.copy()
            function(y, *args, **kwargs)
            return y

        return run

    for name, calls_of in (
        ("put", (([1, -1, 1], [7, 8, 9]), (2, 5), ([0, 1, 2], [4, 5]), ([9], [1]))),
        ("copyto", ((3,), (np.arange(5.0),), (2, np.array([True, False, True, True, False])))),
        ("putmask", ((np.array([True, False, True, True, False]), 3), (np.array([True, False, True, True, False]), np.arange(5)))),
        ("place", ((np.array([True, False, True, True, False]), [3, 4]), (np.zeros(5, bool), []))),
    ):
        with Case(m, name, written(getattr(np, name))) as c:
            c.function = written(getattr(m, name))
            for x in arrays((np.float64, np.float32), ((5,),)):
                for args in calls_of:
                    if name == "copyto" and len(args) == 2:
                        c(x, args[0], where=args[1])
                    elif np.ndim(args[-1]) == 0 or x.dtype == np.float64:
                        c(x, *args)
    with Case(m, "trim_zeros") as c:
        for v in ([0, 0, 1, 0, 2, 0], [0, 0], [1], [3, 0]):
            for trim in ("fb", "f", "b"):
                c(np.array(v), trim)

    def parts(a, kth, **kw):
        """What NumPy promises of a partition: the element at kth and the sorted parts around it."""
        p = np.partition(a, kth, **kw)
        return p[kth], np.sort(p[:kth]), np.sort(p[kth:])

    def own_parts(a, kth):
        p = elementwise.partition(a, kth)
        q = a[elementwise.argpartition(a, kth)]
        assert np.array_equal(p, q)
        return p[kth], np.sort(p[:kth]), np.sort(p[kth:])

    with Case(m, "partition", parts) as c:
        c.function = own_parts
        for k in (0, 3, 8):
            c(sample((9,), np.float64), k)
            c(sample((9,), np.int64), k)
    with Case(m, "sort_complex") as c:
        c(sample((9,), np.complex128))
        c(np.rint(sample((9,), np.complex128) / 5))
        c(sample((9,), np.float64))

    def calls(vectorize):
        return lambda f, *args: vectorize(f)(*args)

    with Case(m, "vectorize", calls(np.vectorize)) as c:
        c.function = calls(m.vectorize)
        soft = lambda x, t: x - t if x > t else 0.0  # noqa: E731
        for x in arrays((np.float64, np.int64)):
            c(soft, x, 1.5)
            c(lambda v: v * 2, x)
            c(lambda v: v > 1, x)
        c(soft, np.zeros(0), 1.0)
        c(lambda a, b: a + b, sample((3, 1), np.float64), sample((4,), np.int64))


def main():
    check_elementwise()
    check_reductions()
    check_shape()
    check_construct()
    check_windows()
    check_polynomials()
    check_logic()
    check_sets()
    check_products()
    check_misc()
    check_ufunc_methods()
    return report()


if __name__ == "__main__":
    sys.exit(main())
