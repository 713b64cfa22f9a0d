"""The prelude's linear algebra against numpy.linalg and scipy.linalg.

Where a result is only defined up to a sign or phase (SVD vectors, eigenvectors beyond LAPACK's QL path) what is
compared is the product they must give back and their orthogonality. Solutions are compared within the condition
number; ill-conditioned systems by their residual.
"""

import warnings

import numpy as np
import scipy.linalg as sl

from compare import bound, compare, finish, raises

NP = bound("linalg")
SP = bound("scipy_linalg")
LinAlgError = np.linalg.LinAlgError
KINDS = (np.float32, np.float64, np.complex64, np.complex128)
rng = np.random.default_rng(3)
warnings.simplefilter("ignore")


def noise(shape, dtype):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    if np.dtype(dtype).kind in "iu":
        x = x * 10
    return x.astype(dtype)


def top(x):
    return float(np.abs(x).max()) if np.size(x) else 0.0


def hermitian(n, dtype):
    a = noise((n, n), dtype)
    return (a + np.conj(a.T)) / 2


def definite(n, dtype):
    a = noise((n, n), dtype)
    return (a @ np.conj(a.T) + n * np.eye(n)).astype(dtype)


def orthonormal(name, q, units):
    compare(
        name,
        np.conj(np.swapaxes(q, -1, -2)) @ q,
        np.broadcast_to(np.eye(q.shape[-1], dtype=q.dtype), q.shape[:-2] + (q.shape[-1],) * 2),
        units,
        1.0,
        "orthonormal",
    )


for n in (1, 2, 3, 4, 6, 9, 16):
    for dtype in KINDS:
        a = noise((n, n), dtype)
        k = float(np.linalg.cond(a))
        u = 10 * n
        inv = np.linalg.inv(a)
        compare("numpy.linalg.inv", NP["numpy.linalg.inv"](a), inv, u, top(inv) * k)
        compare("scipy.linalg.inv", SP["scipy.linalg.inv"](a), inv, u, top(inv) * k)
        compare(
            "scipy.linalg.inv",
            SP["scipy.linalg.inv"](hermitian(n, dtype) + 3 * np.eye(n, dtype=dtype)) * 0,
            inv * 0,
            1,
            1.0,
        )
        s = np.linalg.svd(a, compute_uv=False)
        d = np.linalg.det(a)
        compare("numpy.linalg.det", NP["numpy.linalg.det"](a), d, u, float(s[0]) ** n)
        compare(
            "scipy.linalg.det",
            SP["scipy.linalg.det"](a),
            sl.det(a),
            u * (np.finfo(dtype).eps / 2e-16),
            float(s[0]) ** n,
        )
        compare("numpy.linalg.slogdet", NP["numpy.linalg.slogdet"](a), tuple(np.linalg.slogdet(a)), u, k)
        for shape in ((n,), (n, 1), (n, 3)):
            b = noise(shape, dtype)
            x = np.linalg.solve(a, b)
            compare("numpy.linalg.solve", NP["numpy.linalg.solve"](a, b), x, u, top(x) * k, str(shape))
            compare("scipy.linalg.solve", SP["scipy.linalg.solve"](a, b), x, u, top(x) * k, str(shape))
            xt = sl.solve(a, b, transposed=True) if np.dtype(dtype).kind == "f" else None
            if xt is not None:
                compare("scipy.linalg.solve", SP["scipy.linalg.solve"](a, b, transposed=True), xt, u, top(xt) * k)
            p = definite(n, dtype)
            for lower in (False, True):
                half = np.tril(p) if lower else np.triu(p)
                for kind in ("pos", "her"):
                    want = np.linalg.solve(p, b)
                    compare(
                        "scipy.linalg.solve",
                        SP["scipy.linalg.solve"](half, b, lower, assume_a=kind),
                        want,
                        20 * n,
                        top(want) * float(np.linalg.cond(p)),
                        kind,
                    )
                c = SP["scipy.linalg.cho_factor"](p, lower)
                compare("scipy.linalg.cho_factor", c[0], sl.cho_factor(p, lower)[0], u, top(p))
                compare(
                    "scipy.linalg.cho_solve",
                    SP["scipy.linalg.cho_solve"](c, b),
                    np.linalg.solve(p, b),
                    20 * n,
                    top(np.linalg.solve(p, b)) * float(np.linalg.cond(p)),
                )
                t = sl.cholesky(p, lower)
                for trans in (0, 1, 2, "N", "T", "C"):
                    for unit in (False, True):
                        want = sl.solve_triangular(t / (n * 4 if unit else 1), b, trans, lower, unit)
                        got = SP["scipy.linalg.solve_triangular"](t / (n * 4 if unit else 1), b, trans, lower, unit)
                        compare("scipy.linalg.solve_triangular", got, want, 20 * n, top(want) * 4)
            f = SP["scipy.linalg.lu_factor"](a)
            compare("scipy.linalg.lu_factor", f, sl.lu_factor(a), u, top(a) * max(1.0, k / 10))
            for trans in (0, 1, 2):
                want = sl.lu_solve(sl.lu_factor(a), b, trans)
                compare("scipy.linalg.lu_solve", SP["scipy.linalg.lu_solve"](f, b, trans), want, u, top(want) * k)
        for shape in ((n, n), (n + 2, n), (n, n + 3)):
            a = noise(shape, dtype)
            compare(
                "scipy.linalg.lu",
                SP["scipy.linalg.lu"](a),
                sl.lu(a),
                10 * n,
                top(a) * max(1.0, k),
                dtype=min(shape) > 1,
            )
            got = SP["scipy.linalg.lu"](a, True)
            compare("scipy.linalg.lu", got[0] @ got[1], a, 10 * n, top(a) * n)
        p = definite(n, dtype)
        for name, f, g in (
            ("numpy.linalg.cholesky", NP["numpy.linalg.cholesky"], np.linalg.cholesky),
            ("scipy.linalg.cholesky", SP["scipy.linalg.cholesky"], sl.cholesky),
        ):
            compare(name, f(p), g(p), u, top(g(p)))
        compare(
            "numpy.linalg.cholesky", NP["numpy.linalg.cholesky"](p, True), np.linalg.cholesky(p, upper=True), u, top(p)
        )
        compare("numpy.linalg.cholesky", NP["numpy.linalg.cholesky"](np.tril(p)), np.linalg.cholesky(p), u, top(p))
        compare("scipy.linalg.cholesky", SP["scipy.linalg.cholesky"](np.tril(p), True), sl.cholesky(p, True), u, top(p))
        for shape in ((n, n), (n + 3, n), (n, n + 2), (3, 4, n), (2, n, 3)):
            a = noise(shape, dtype)
            for mode in ("reduced", "complete", "r"):
                want = np.linalg.qr(a, mode)
                want = want if mode == "r" else tuple(want)
                compare("numpy.linalg.qr", NP["numpy.linalg.qr"](a, mode), want, 30 * n, top(a) * n, str(shape))
            if len(shape) == 2:
                for mode in ("full", "economic", "r"):
                    compare(
                        "scipy.linalg.qr",
                        SP["scipy.linalg.qr"](a, mode=mode),
                        tuple(sl.qr(a, mode=mode)),
                        30 * n,
                        top(a) * n,
                        str(shape),
                    )
            for full in (True, False):
                u_, s_, v_ = NP["numpy.linalg.svd"](a, full)
                w = np.linalg.svd(a, full)
                compare("numpy.linalg.svd", s_, w[1], 20 * n, top(w[1]))
                orthonormal("numpy.linalg.svd", u_, 20 * n)
                orthonormal("numpy.linalg.svd", np.swapaxes(v_, -1, -2), 20 * n)
                r = s_.shape[-1]
                compare("numpy.linalg.svd", (u_[..., :r] * s_[..., None, :]) @ v_[..., :r, :], a, 20 * n, top(w[1]))
                if len(shape) == 2:
                    u2, s2, v2 = SP["scipy.linalg.svd"](a, full)
                    compare("scipy.linalg.svd", s2, w[1], 20 * n, top(w[1]))
                    orthonormal("scipy.linalg.svd", u2, 20 * n)
                    orthonormal("scipy.linalg.svd", v2.T, 20 * n)
                    compare("scipy.linalg.svd", (u2[:, :r] * s2) @ v2[:r], a, 20 * n, top(w[1]))
            compare("numpy.linalg.svd", NP["numpy.linalg.svd"](a, True, False), w[1], 20 * n, top(w[1]))
            compare("numpy.linalg.svdvals", NP["numpy.linalg.svdvals"](a), w[1], 20 * n, top(w[1]))
            if len(shape) == 2:
                compare("scipy.linalg.svdvals", SP["scipy.linalg.svdvals"](a), w[1], 20 * n, top(w[1]))
                compare("scipy.linalg.svd", SP["scipy.linalg.svd"](a, True, False), w[1], 20 * n, top(w[1]))
            k = float(np.max(np.linalg.cond(a)))
            want = np.linalg.pinv(a)
            compare("numpy.linalg.pinv", NP["numpy.linalg.pinv"](a), want, 20 * n, top(want) * k)
            compare("numpy.linalg.pinv", NP["numpy.linalg.pinv"](a, 0.3), np.linalg.pinv(a, 0.3), 40 * n, top(want) * k)
            compare("numpy.linalg.matrix_rank", NP["numpy.linalg.matrix_rank"](a), np.linalg.matrix_rank(a))
            for p_ in (None, 2, -2):
                c = np.linalg.cond(a, p_)
                compare("numpy.linalg.cond", NP["numpy.linalg.cond"](a, p_), c, 40 * n, top(c) * k)
            if len(shape) == 2:
                compare("scipy.linalg.pinv", SP["scipy.linalg.pinv"](a), sl.pinv(a), 20 * n, top(want) * k)
                got = SP["scipy.linalg.pinv"](a, atol=0.5, rtol=0.1, return_rank=True)
                want2 = sl.pinv(a, atol=0.5, rtol=0.1, return_rank=True)
                compare("scipy.linalg.pinv", got[0], want2[0], 40 * n, top(want) * k)
                compare("scipy.linalg.pinv", got[1], int(want2[1]), dtype=False)
                for bs in ((shape[0],), (shape[0], 2)):
                    b = noise(bs, dtype)
                    w = np.linalg.lstsq(a, b)
                    got = NP["numpy.linalg.lstsq"](a, b)
                    compare("numpy.linalg.lstsq", got[0], w[0], 30 * n, (top(w[0]) + top(b)) * k * k)
                    compare("numpy.linalg.lstsq", got[1], w[1], 30 * n, (top(w[0]) + top(b)) * k * k * top(b))
                    compare("numpy.linalg.lstsq", got[2], int(w[2]), dtype=False)
                    compare("numpy.linalg.lstsq", got[3], w[3], 30 * n, top(w[3]))
                    w = sl.lstsq(a, b)
                    got = SP["scipy.linalg.lstsq"](a, b)
                    compare("scipy.linalg.lstsq", got[0], w[0], 30 * n, (top(w[0]) + top(b)) * k * k)
                    compare("scipy.linalg.lstsq", got[1], w[1], 30 * n, (top(w[0]) + top(b)) * k * k * top(b))
                    compare("scipy.linalg.lstsq", got[3], w[3], 30 * n, top(w[3]))
        e = hermitian(n, dtype)
        w, v = np.linalg.eigh(e)
        gap = min(np.diff(w)) if n > 1 else 1.0
        for uplo in ("L", "U"):
            gw, gv = NP["numpy.linalg.eigh"](e, uplo)
            compare("numpy.linalg.eigh", gw, w, 10 * n, top(w))
            orthonormal("numpy.linalg.eigh", gv, 20 * n)
            compare("numpy.linalg.eigh", e @ gv, (gv * gw).astype(dtype), 30 * n, top(w))
            if uplo == "L":  # the same signs as LAPACK
                compare("numpy.linalg.eigh", gv, v, 30 * n, top(w) / gap)
            compare("numpy.linalg.eigvalsh", NP["numpy.linalg.eigvalsh"](e, uplo), w, 10 * n, top(w))
            compare("scipy.linalg.eigvalsh", SP["scipy.linalg.eigvalsh"](e, lower=uplo == "L"), w, 10 * n, top(w))
            sw, sv = SP["scipy.linalg.eigh"](np.tril(e) if uplo == "L" else np.triu(e), lower=uplo == "L")
            compare("scipy.linalg.eigh", sw, w, 10 * n, top(w))
            compare("scipy.linalg.eigh", e @ sv, (sv * sw).astype(dtype), 30 * n, top(w))
        a = noise((n, n), dtype)
        for scale in (0.01, 1, 30 / n):
            want = sl.expm(a * scale)
            compare(
                "scipy.linalg.expm",
                SP["scipy.linalg.expm"](a * dtype(scale)),
                want,
                30 * n + 60,
                float(np.linalg.norm(want)) * (1 + scale * float(np.linalg.norm(a))) ** 1.5,
            )
        for power in (-3, -1, 0, 1, 2, 3, 5, 8):
            b = a + 4 * np.eye(n, dtype=dtype)
            want = np.linalg.matrix_power(b, power)
            compare(
                "numpy.linalg.matrix_power",
                NP["numpy.linalg.matrix_power"](b, power),
                want,
                20 * n,
                top(want) * float(np.linalg.cond(b)) ** 2,
            )
        for p_ in (1, -1, np.inf, -np.inf, "fro"):
            c = np.linalg.cond(a, p_)
            compare("numpy.linalg.cond", NP["numpy.linalg.cond"](a, p_), c, 20 * n, top(c) * float(np.linalg.cond(a)))
        c, r = noise(n, dtype), noise(n, dtype)
        c[0] += 3 * n
        b = noise((n, 2), dtype)
        for right in (b, b[:, 0]):
            for cr in (c, (c, r)):
                t = sl.toeplitz(*cr) if isinstance(cr, tuple) else sl.toeplitz(cr)
                want = sl.solve_toeplitz(cr, right)
                compare(
                    "scipy.linalg.solve_toeplitz",
                    SP["scipy.linalg.solve_toeplitz"](cr, right),
                    want,
                    20 * n * float(np.linalg.cond(t)),
                    top(want),
                )

for n in (20, 25):
    for dtype in KINDS:
        e = hermitian(n, dtype)
        w, v = np.linalg.eigh(e)
        compare("numpy.linalg.eigh", NP["numpy.linalg.eigh"](e), (w, v), 30 * n, top(w) / min(np.diff(w)), "signs")
for e in (
    np.zeros((3, 3)),
    np.eye(4),
    np.ones((5, 5)),
    np.diag([3.0, 1.0, 2.0]),
    1e-200 * hermitian(4, np.float64),
    1e200 * hermitian(4, np.float64),
    np.diag(np.arange(6.0)) + 1e-9 * hermitian(6, np.float64),
):
    w = np.linalg.eigvalsh(e)
    gw, gv = NP["numpy.linalg.eigh"](e)
    compare("numpy.linalg.eigh", gw, w, 60, top(w))
    orthonormal("numpy.linalg.eigh", gv, 60)
    compare("numpy.linalg.eigh", e @ gv, gv * gw, 60, top(w))
    u_, s_, v_ = NP["numpy.linalg.svd"](e)
    compare("numpy.linalg.svd", (u_ * s_) @ v_, e, 60, top(w))
    orthonormal("numpy.linalg.svd", u_, 60)
    orthonormal("numpy.linalg.svd", v_, 60)

# Ill-conditioned and rank-deficient.
for n in (4, 6, 8, 10):
    h = sl.hilbert(n)
    b = h @ np.ones(n)
    x = NP["numpy.linalg.solve"](h, b)
    compare("numpy.linalg.solve", h @ x, b, 10 * n, top(h) * top(x), "residual, Hilbert")
    compare("numpy.linalg.svd", NP["numpy.linalg.svdvals"](h), np.linalg.svdvals(h), 10 * n)
    compare("numpy.linalg.eigvalsh", NP["numpy.linalg.eigvalsh"](h), np.linalg.eigvalsh(h), 10 * n)
    a = noise((n, 2), np.float64) @ noise((2, n - 1), np.float64)
    compare("numpy.linalg.matrix_rank", NP["numpy.linalg.matrix_rank"](a), np.linalg.matrix_rank(a))
    compare("numpy.linalg.pinv", NP["numpy.linalg.pinv"](a, 1e-10), np.linalg.pinv(a, 1e-10), 1000, None)
    u_, s_, v_ = NP["numpy.linalg.svd"](a)
    orthonormal("numpy.linalg.svd", u_, 20 * n)
    orthonormal("numpy.linalg.svd", v_, 20 * n)
    b = noise(n, np.float64)
    w = np.linalg.lstsq(a, b)
    got = NP["numpy.linalg.lstsq"](a, b)
    compare("numpy.linalg.lstsq", got[0], w[0], 1000, top(w[0]))
    compare("numpy.linalg.lstsq", (got[1], np.int64(got[2])), (w[1], np.int64(w[2])), 100, None, "rank-deficient")

# Stacks and mixed types.
a = noise((2, 3, 4, 4), np.float64)
compare("numpy.linalg.inv", NP["numpy.linalg.inv"](a), np.linalg.inv(a), 1e4)
compare("numpy.linalg.det", NP["numpy.linalg.det"](a), np.linalg.det(a), 100)
compare("numpy.linalg.slogdet", NP["numpy.linalg.slogdet"](a), tuple(np.linalg.slogdet(a)), 1e3)
compare("numpy.linalg.cond", NP["numpy.linalg.cond"](a), np.linalg.cond(a), 1e4)
compare("numpy.linalg.cond", NP["numpy.linalg.cond"](a, 1), np.linalg.cond(a, 1), 1e4)
compare("numpy.linalg.matrix_rank", NP["numpy.linalg.matrix_rank"](a), np.linalg.matrix_rank(a))
for shape in ((4,), (4, 2), (3, 4, 2), (2, 1, 4, 5)):
    b = noise(shape, np.complex64)
    compare("numpy.linalg.solve", NP["numpy.linalg.solve"](a, b), np.linalg.solve(a, b), 1e4)
sym = a + np.swapaxes(a, -1, -2)
compare("numpy.linalg.eigvalsh", NP["numpy.linalg.eigvalsh"](sym), np.linalg.eigvalsh(sym), 100)
compare("numpy.linalg.eigh", NP["numpy.linalg.eigh"](sym), tuple(np.linalg.eigh(sym)), 1e4)
compare(
    "numpy.linalg.cholesky",
    NP["numpy.linalg.cholesky"](a @ np.swapaxes(a, -1, -2)),
    np.linalg.cholesky(a @ np.swapaxes(a, -1, -2)),
    1e4,
)
for dtype in (np.int32, np.int64, np.uint8):
    i = noise((3, 3), np.int32).astype(dtype) + 40 * np.eye(3, dtype=dtype)
    for name in ("inv", "det"):
        compare("numpy.linalg." + name, NP["numpy.linalg." + name](i), getattr(np.linalg, name)(i), 1e3)
    compare("numpy.linalg.matrix_power", NP["numpy.linalg.matrix_power"](i, 5), np.linalg.matrix_power(i, 5))

# Norms.
for dtype in KINDS + (np.int32,):
    for shape in ((7,), (3, 4), (2, 3, 4)):
        x = noise(shape, dtype)
        tests = [(None, None)] + [(o, -1) for o in (None, 0, 1, 2, 3, 0.5, np.inf, -np.inf)]
        if len(shape) == 1:
            tests += [(o, None) for o in (0, 1, 2, -1, 3, np.inf)]
        if len(shape) >= 2:
            tests += [(o, (0, 1)) for o in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)]
            tests += [(o, (-1, 0)) for o in ("fro", 1, np.inf, 2)] + [(2, (1,))]
        if len(shape) == 2:
            tests += [(o, None) for o in ("fro", "nuc", 1, 2, np.inf)]
        for ord, axis in tests:
            for keep in (False, True):
                want = np.linalg.norm(x, ord, axis, keep)
                compare(
                    "numpy.linalg.norm", NP["numpy.linalg.norm"](x, ord, axis, keep), want, 60, what=str((ord, axis))
                )
                if dtype not in (np.int32,) and ord != 0:
                    want = sl.norm(x, ord, axis, keep)
                    got = SP["scipy.linalg.norm"](x, ord, axis, keep)
                    compare(
                        "scipy.linalg.norm",
                        got,
                        want,
                        60 * np.finfo(dtype).eps / np.finfo(np.asarray(want).dtype).eps,
                        what=str(ord),
                    )
for arrays in (
    [noise((3, 4), np.float64), noise((4, 5), np.float64)],
    [noise((3, 40), np.float64), noise((40, 2), np.float64), noise((2, 30), np.float64), noise((30, 4), np.float64)],
    [noise(4, np.float64), noise((4, 5), np.float64), noise((5, 2), np.float64)],
    [noise((3, 4), np.float64), noise(4, np.float64)],
    [noise(4, np.float64), noise((4, 4), np.complex128), noise(4, np.float64)],
):
    compare("numpy.linalg.multi_dot", NP["numpy.linalg.multi_dot"](arrays), np.linalg.multi_dot(arrays), 100)
for dtype in (np.float32, np.complex128, np.int64):
    c, r = noise(5, dtype), noise(4, dtype)
    for name in ("toeplitz", "hankel"):
        compare("scipy.linalg." + name, SP["scipy.linalg." + name](c), getattr(sl, name)(c), 0)
        compare("scipy.linalg." + name, SP["scipy.linalg." + name](c, r), getattr(sl, name)(c, r), 0)
    compare("scipy.linalg.circulant", SP["scipy.linalg.circulant"](c), sl.circulant(c), 0)
    blocks = (noise((2, 3), dtype), noise(2, dtype), noise((1, 1), np.float64), noise((3, 2), dtype))
    compare("scipy.linalg.block_diag", SP["scipy.linalg.block_diag"](*blocks), sl.block_diag(*blocks), 0)

# What NumPy and SciPy refuse.
zero, wide, line = np.zeros((3, 3)), np.zeros((2, 3)), np.zeros(3)
rank1 = np.outer([1.0, 2.0, 4.0], [2.0, 4.0, 8.0])
for name in ("inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh"):
    raises("numpy.linalg." + name, LinAlgError, lambda: NP["numpy.linalg." + name](wide), "not square")
    raises("numpy.linalg." + name, LinAlgError, lambda: NP["numpy.linalg." + name](line), "one dimension")
for bad in (zero, rank1):
    raises("numpy.linalg.inv", LinAlgError, lambda: NP["numpy.linalg.inv"](bad))
    raises("numpy.linalg.solve", LinAlgError, lambda: NP["numpy.linalg.solve"](bad, line))
    raises("scipy.linalg.inv", LinAlgError, lambda: SP["scipy.linalg.inv"](bad))
    raises("scipy.linalg.solve", LinAlgError, lambda: SP["scipy.linalg.solve"](bad, line))
    compare("numpy.linalg.det", NP["numpy.linalg.det"](bad), np.linalg.det(bad), 10, 1.0)
    compare("numpy.linalg.slogdet", NP["numpy.linalg.slogdet"](bad), tuple(np.linalg.slogdet(bad)))
    compare("numpy.linalg.cond", NP["numpy.linalg.cond"](bad, 1), np.linalg.cond(bad, 1))
raises("numpy.linalg.matrix_power", LinAlgError, lambda: NP["numpy.linalg.matrix_power"](zero, -1))
raises("numpy.linalg.matrix_power", TypeError, lambda: NP["numpy.linalg.matrix_power"](zero, 1.5))
raises("numpy.linalg.solve", ValueError, lambda: NP["numpy.linalg.solve"](zero, np.zeros(4)))
raises("numpy.linalg.inv", TypeError, lambda: NP["numpy.linalg.inv"](np.eye(2, dtype=np.float16)))
for bad in (-np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]]), np.full((2, 2), np.nan)):
    if np.isnan(bad[0, 0]):
        compare("numpy.linalg.cholesky", NP["numpy.linalg.cholesky"](bad), np.linalg.cholesky(bad))
    else:
        raises("numpy.linalg.cholesky", LinAlgError, lambda: NP["numpy.linalg.cholesky"](bad))
    raises("scipy.linalg.cholesky", (LinAlgError, ValueError), lambda: SP["scipy.linalg.cholesky"](bad))
    raises("scipy.linalg.cho_factor", (LinAlgError, ValueError), lambda: SP["scipy.linalg.cho_factor"](bad))
nan = np.array([[1.0, np.nan], [0.0, 1.0]])
for name in ("inv", "det", "lu_factor", "qr", "eigh", "svd", "pinv", "norm", "cholesky"):
    raises("scipy.linalg." + name, ValueError, lambda: SP["scipy.linalg." + name](nan), "NaN")
raises("numpy.linalg.svd", LinAlgError, lambda: NP["numpy.linalg.svd"](nan))
raises("numpy.linalg.eigh", LinAlgError, lambda: NP["numpy.linalg.eigh"](np.full((3, 3), np.nan)))
raises("numpy.linalg.eigvalsh", LinAlgError, lambda: NP["numpy.linalg.eigvalsh"](np.full((3, 3), np.nan)))
nan = np.full((2, 2), np.nan)
compare("numpy.linalg.eigh", NP["numpy.linalg.eigh"](nan), tuple(np.linalg.eigh(nan)))
raises("scipy.linalg.solve_triangular", LinAlgError, lambda: SP["scipy.linalg.solve_triangular"](zero, line))
raises("scipy.linalg.solve_toeplitz", LinAlgError, lambda: SP["scipy.linalg.solve_toeplitz"](line, line))
raises("scipy.linalg.det", ValueError, lambda: SP["scipy.linalg.det"](wide))
raises("scipy.linalg.expm", LinAlgError, lambda: SP["scipy.linalg.expm"](wide))
raises("numpy.linalg.norm", ValueError, lambda: NP["numpy.linalg.norm"](zero, 3))
raises("numpy.linalg.norm", ValueError, lambda: NP["numpy.linalg.norm"](line, "fro", 0))
raises("numpy.linalg.norm", ValueError, lambda: NP["numpy.linalg.norm"](np.zeros((2, 2, 2)), 1))
raises("numpy.linalg.qr", ValueError, lambda: NP["numpy.linalg.qr"](zero, "nonsense"))
raises("scipy.linalg.qr", NotImplementedError, lambda: SP["scipy.linalg.qr"](zero, pivoting=True))
for name in ("numpy.linalg.eig", "scipy.linalg.eig", "numpy.linalg.eigvals", "scipy.linalg.eigvals"):
    raises(name, NotImplementedError, lambda: NP[name](zero), "general eigenproblem")

finish([NP, SP])
