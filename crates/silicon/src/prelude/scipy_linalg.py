"""`scipy.linalg`, with SciPy's argument lists, defaults (upper triangles, full QR) and errors.

One matrix at a time: stacks are refused. The `overwrite_*`
and driver arguments choose how SciPy computes, not what, and are accepted without effect.
"""

import numpy as np

import _pm
from linalg import _flips, _floating, _least_squares, _norm, _pseudo_inverse, _qr_full
from linalg_eigen import _eigh, _singular, _singular_values
from linalg_kernel import (
    _cholesky,
    _lu,
    _lu_solve,
    _qr,
    _real_kind,
    _solve_lower,
    _solve_upper,
    _unexchanged,
)


def _matrix(a, check_finite):
    a = np.asarray(a)
    if a.dtype == np.float16:
        a = a.astype(np.float32)
    if a.ndim != 2:
        raise NotImplementedError("scipy.linalg on %d-dimensional arrays; use numpy.linalg or a loop" % a.ndim)
    if not _pm.is_static(a.shape[0]) or not _pm.is_static(a.shape[1]):
        _pm.refuse("a matrix whose size is not known at translation time")
    a = _floating(a)
    if check_finite and not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a


def _square(a, check_finite):
    a = _matrix(a, check_finite)
    if a.shape[0] != a.shape[1]:
        raise ValueError("Expected square matrix, got a1.shape=(%d, %d)" % (a.shape[0], a.shape[1]))
    return a


def _right(a, b, check_finite):
    """b as columns of the common type."""
    b = np.asarray(b)
    if b.ndim not in (1, 2):
        raise NotImplementedError("scipy.linalg with a right-hand side of %d dimensions" % b.ndim)
    b = _floating(b)
    if b.shape[0] != a.shape[0]:
        raise ValueError("incompatible shapes: a has %d rows, b has %d" % (a.shape[0], b.shape[0]))
    if check_finite and not np.all(np.isfinite(b)):
        raise ValueError("array must not contain infs or NaNs")
    return b.astype(np.result_type(a, b)).reshape(b.shape[0], 1 if b.ndim == 1 else b.shape[1])


def _filled(a, assume_a, lower):
    """The matrix that `assume_a` makes of a."""
    n = a.shape[0]
    if assume_a is None or assume_a in ("gen", "general"):
        return a
    if assume_a in ("diagonal", "banded", "tridiagonal", "upper triangular", "lower triangular"):
        raise NotImplementedError("assume_a=%r; leave it out" % (assume_a,))
    if assume_a not in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        raise ValueError("%r is not a recognized matrix structure" % (assume_a,))
    y = a.copy()
    for i in range(n):
        for j in range(i):
            v = a[i, j] if lower else a[j, i]
            if assume_a in ("her", "hermitian", "pos", "positive definite"):
                v = np.conj(v)
            if lower:
                y[j, i] = v
            else:
                y[i, j] = v
    return y


# binds: scipy.linalg.inv
def inv(a, overwrite_a=False, check_finite=True, assume_a=None, lower=False):
    a = _filled(_square(a, check_finite), assume_a, lower)
    lu, pivots, bad = _lu(a)
    if bad != 0:
        raise np.linalg.LinAlgError("A singular matrix detected")
    return _lu_solve(lu, pivots, np.eye(a.shape[0], dtype=a.dtype))


# binds: scipy.linalg.solve
def solve(a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False):
    a = _filled(_square(a, check_finite), assume_a, lower)
    c = _right(a, b, check_finite)
    if transposed:
        a = a.T
    if assume_a in ("pos", "positive definite"):
        l, bad = _cholesky(a.astype(c.dtype))
        if bad != 0:
            raise np.linalg.LinAlgError("The leading minor is not positive definite")
        x = _solve_upper(np.conj(l.T), _solve_lower(l, c, False), False)
    else:
        lu, pivots, bad = _lu(a.astype(c.dtype))
        if bad != 0:
            raise np.linalg.LinAlgError("A singular matrix detected")
        x = _lu_solve(lu, pivots, c)
    return x.reshape(np.shape(b))


# binds: scipy.linalg.det
def det(a, overwrite_a=False, check_finite=True):
    a = _square(a, check_finite)
    # SciPy multiplies the pivots in double precision.
    if np.iscomplexobj(a):
        d = np.ones(1, np.complex128)
    else:
        d = np.ones(1, np.float64)
    lu, pivots, _ = _lu(a)
    d = d * _flips(pivots)
    for k in range(a.shape[0]):
        d[0] = d[0] * lu[k, k]
    return d[0]


# binds: scipy.linalg.lu_factor
def lu_factor(a, overwrite_a=False, check_finite=True):
    lu, pivots, _ = _lu(_matrix(a, check_finite))
    return lu, pivots


# binds: scipy.linalg.lu_solve
def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    lu, pivots = lu_and_piv
    lu = _matrix(lu, check_finite)
    c = _right(lu, b, check_finite)
    lu = lu.astype(c.dtype)
    if trans == 0:
        x = _lu_solve(lu, pivots, c)
    elif trans == 1 or trans == 2:
        t = lu.T if trans == 1 else np.conj(lu.T)
        x = _unexchanged(_solve_upper(t, _solve_lower(t, c, False), True), pivots)
    else:
        raise ValueError("illegal value of trans in lu_solve")
    return x.reshape(np.shape(b))


# binds: scipy.linalg.lu
def lu(a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False):
    if p_indices:
        raise NotImplementedError("scipy.linalg.lu with p_indices=True")
    a = _matrix(a, check_finite)
    m = a.shape[0]
    n = a.shape[1]
    k = min(m, n)
    f, pivots, _ = _lu(a)
    l = np.zeros((m, k), a.dtype)
    u = np.zeros((k, n), a.dtype)
    for i in range(m):
        for j in range(min(i, k)):
            l[i, j] = f[i, j]
    for i in range(k):
        l[i, i] = 1
        for j in range(i, n):
            u[i, j] = f[i, j]
    p = _unexchanged(np.eye(m, dtype=_real_kind(a.dtype)), pivots)
    if permute_l:
        return p.astype(a.dtype) @ l, u
    return p, l, u


def _definite(a, lower):
    """The lower factor of a given by its lower or upper triangle."""
    l, bad = _cholesky(a if lower else np.conj(a.T))
    if bad != 0:
        raise np.linalg.LinAlgError("a leading minor of the array is not positive definite")
    return l


# binds: scipy.linalg.cholesky
def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    a = _square(a, check_finite)
    l = _definite(a, lower)
    return l if lower else np.conj(l.T)


# binds: scipy.linalg.cho_factor
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The other triangle keeps what a had there, as SciPy leaves it."""
    a = _square(a, check_finite)
    l = _definite(a, lower)
    c = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            if lower:
                c[i, j] = l[i, j]
            else:
                c[j, i] = np.conj(l[i, j])
    return c, lower


# binds: scipy.linalg.cho_solve
def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    c, lower = c_and_lower
    c = _square(c, check_finite)
    r = _right(c, b, check_finite)
    c = c.astype(r.dtype)
    if lower:
        x = _solve_upper(np.conj(c.T), _solve_lower(c, r, False), False)
    else:
        x = _solve_upper(c, _solve_lower(np.conj(c.T), r, False), False)
    return x.reshape(np.shape(b))


# binds: scipy.linalg.solve_triangular
def solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True):
    a = _square(a, check_finite)
    r = _right(a, b, check_finite)
    a = a.astype(r.dtype)
    if trans in (1, "T"):
        a = a.T
        lower = not lower
    elif trans in (2, "C"):
        a = np.conj(a.T)
        lower = not lower
    elif trans not in (0, "N"):
        raise ValueError("trans must be 0, 1, 2, 'N', 'T' or 'C'")
    if not unit_diagonal:
        for k in range(a.shape[0]):
            if a[k, k] == 0:
                raise np.linalg.LinAlgError("singular matrix: a diagonal element is zero")
    x = _solve_lower(a, r, unit_diagonal) if lower else _solve_upper(a, r, unit_diagonal)
    return x.reshape(np.shape(b))


# binds: scipy.linalg.qr
def qr(a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    if mode not in ("full", "r", "economic", "qr", "raw"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic', 'raw']")
    if mode in ("raw", "qr"):
        raise NotImplementedError("scipy.linalg.qr mode %r; use full, economic or r" % (mode,))
    if pivoting:
        raise NotImplementedError("scipy.linalg.qr with pivoting=True")
    a = _matrix(a, check_finite)
    m = a.shape[0]
    if mode == "r":
        r, _, _ = _qr(a)
        return (r,)
    return _qr_full(a, m if mode == "full" else min(m, a.shape[1]))


def _no_general(b, type, subset_by_index, subset_by_value):
    if b is not None:
        raise NotImplementedError("the generalised problem (b=); reduce it with cholesky and solve_triangular")
    if subset_by_index is not None or subset_by_value is not None:
        raise NotImplementedError("a subset of the eigenvalues; compute all and slice")


# binds: scipy.linalg.eigh
def eigh(
    a,
    b=None,
    lower=True,
    eigvals_only=False,
    overwrite_a=False,
    overwrite_b=False,
    type=1,
    check_finite=True,
    subset_by_index=None,
    subset_by_value=None,
    driver=None,
):
    """Signs are those of the QL iteration (driver='ev'); SciPy's default driver may differ by a phase a vector."""
    _no_general(b, type, subset_by_index, subset_by_value)
    a = _square(a, check_finite)
    w, v, failed = _eigh(a if lower else np.conj(a.T), not eigvals_only)
    if failed:
        raise np.linalg.LinAlgError("eigenvalues did not converge")
    if eigvals_only:
        return w
    return w, v


# binds: scipy.linalg.eigvalsh
def eigvalsh(
    a,
    b=None,
    lower=True,
    overwrite_a=False,
    overwrite_b=False,
    type=1,
    check_finite=True,
    subset_by_index=None,
    subset_by_value=None,
    driver=None,
):
    return eigh(
        a, b, lower, True, overwrite_a, overwrite_b, type, check_finite, subset_by_index, subset_by_value, driver
    )


# binds: scipy.linalg.svd
def svd(a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"):
    """The vectors differ from SciPy's by a phase of each pair (see linalg_eigen)."""
    a = _matrix(a, check_finite)
    if not compute_uv:
        s, failed = _singular_values(a)
        if failed:
            raise np.linalg.LinAlgError("SVD did not converge")
        return s
    u, s, vh, failed = _singular(a, full_matrices)
    if failed:
        raise np.linalg.LinAlgError("SVD did not converge")
    return u, s, vh


# binds: scipy.linalg.svdvals
def svdvals(a, overwrite_a=False, check_finite=True):
    return svd(a, True, False, False, check_finite)


# binds: scipy.linalg.lstsq
def lstsq(a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None):
    if lapack_driver == "gelsy":
        raise NotImplementedError("scipy.linalg.lstsq with lapack_driver='gelsy', which gives no singular values")
    a = _matrix(a, check_finite)
    c = _right(a, b, check_finite)
    m = a.shape[0]
    n = a.shape[1]
    a = a.astype(c.dtype)
    if cond is None:
        cond = float(np.finfo(a.dtype).eps)
    x, rank, s = _least_squares(a, c, cond)
    rest = a @ x - c
    sums = np.sum(rest.real * rest.real + rest.imag * rest.imag, axis=0)
    if np.ndim(b) == 1:
        if m > n and not _pm.is_static(rank):
            _pm.refuse(
                "residues of scipy.linalg.lstsq with one right-hand side, a scalar or an empty array by the rank; "
                "use numpy.linalg.lstsq"
            )
        x = x.reshape(n)
        return x, (sums[0] if m > n and rank == n else np.zeros(0, x.dtype)), rank, s
    if m > n:
        return x, sums[: (sums.shape[0] if rank == n else 0)], rank, s
    return x, np.zeros(0, x.dtype), rank, s


# binds: scipy.linalg.pinv
def pinv(a, atol=None, rtol=None, return_rank=False, check_finite=True):
    a = _matrix(a, check_finite)
    s, failed = _singular_values(a)
    if failed:
        raise np.linalg.LinAlgError("SVD did not converge")
    absolute = 0.0 if atol is None else atol
    relative = max(a.shape) * float(np.finfo(a.dtype).eps) if rtol is None else rtol
    if absolute < 0 or relative < 0:
        raise ValueError("atol and rtol values must be positive.")
    limit = relative
    if absolute > 0 and s[0] > 0:
        limit = relative + absolute / s[0]
    p, rank = _pseudo_inverse(a, limit)
    if return_rank:
        return p, rank
    return p


# binds: scipy.linalg.norm
def norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    a = np.asarray(a)
    if a.dtype == np.float16:
        raise NotImplementedError("scipy.linalg.norm of float16; convert to float32 first")
    if check_finite and not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    y = _norm(a, ord, axis, keepdims)
    # These come from BLAS and LAPACK as Python floats.
    if axis is None and not keepdims and a.dtype in (np.float32, np.float64, np.complex64, np.complex128):
        if a.ndim == 1 and (ord is None or ord == 2) or a.ndim == 2 and (ord == 1 or ord == np.inf):
            return float(y)
    return y


# Coefficients of the [13/13] Pade approximant of exp and the norm up to which it is exact in double precision
# (Higham, SIAM J. Matrix Anal. 26, 2005, table 2.3).
PADE_13 = (
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
)
PADE_13_NORM = 5.371920351148152


# binds: scipy.linalg.expm
def expm(A):
    """Scaling and squaring with the [13/13] Pade approximant."""
    a = np.asarray(A)
    if a.ndim == 0:
        return np.exp(_floating(a))
    if a.ndim == 2 and a.shape[0] != a.shape[1]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    a = _square(a, False)
    n = a.shape[0]
    if n == 1:
        return np.exp(a)
    size = np.max(np.sum(np.abs(a), axis=0))
    squarings = 0
    while size > PADE_13_NORM and squarings < 1100:
        size = size * 0.5
        a = a * 0.5
        squarings += 1
    one = np.eye(n, dtype=a.dtype)
    c = PADE_13
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (a6 @ (a6 * c[13] + a4 * c[11] + a2 * c[9]) + a6 * c[7] + a4 * c[5] + a2 * c[3] + one * c[1])
    even = a6 @ (a6 * c[12] + a4 * c[10] + a2 * c[8]) + a6 * c[6] + a4 * c[4] + a2 * c[2] + one * c[0]
    lu, pivots, _ = _lu(even - odd)
    y = _lu_solve(lu, pivots, even + odd)
    for _ in range(squarings):
        y = y @ y
    return y


# ---- structured matrices -----------------------------------------------------------------------------------


# binds: scipy.linalg.solve_toeplitz
def solve_toeplitz(c_or_cr, b, check_finite=True):
    """Levinson's recursion (Golub and Van Loan 4.7.3, general right-hand side and matrix)."""
    if isinstance(c_or_cr, tuple):
        c = np.ravel(_floating(c_or_cr[0]))
        r = np.ravel(_floating(c_or_cr[1]))
    else:
        c = np.ravel(_floating(c_or_cr))
        r = np.conj(c)
    b = _floating(b)
    n = c.shape[0]
    if not _pm.is_static(n):
        _pm.refuse("a Toeplitz matrix whose size is not known at translation time")
    if b.shape[0] != n or r.shape[0] != n:
        raise ValueError("Incompatible dimensions.")
    if check_finite:
        for v in (c, r, b):
            if not np.all(np.isfinite(v)):
                raise ValueError("array must not contain infs or NaNs")
    kind = np.complex128 if np.iscomplexobj(c) or np.iscomplexobj(r) or np.iscomplexobj(b) else np.float64
    c = c.astype(kind)
    r = r.astype(kind)
    columns = 1
    for k in b.shape[1:]:
        columns *= k
    right = b.astype(kind).reshape(n, columns)
    x = np.zeros((n, columns), kind)
    # f and g solve the leading systems whose right-hand sides are the first and the last unit vector.
    f = np.zeros(n, kind)
    g = np.zeros(n, kind)
    if c[0] == 0:
        raise np.linalg.LinAlgError("Singular principal minor")
    f[0] = 1 / c[0]
    g[0] = 1 / c[0]
    for j in range(columns):
        x[0, j] = right[0, j] / c[0]
    for m in range(1, n):
        ef = np.zeros(1, kind)
        eg = np.zeros(1, kind)
        for i in range(m):
            ef[0] = ef[0] + c[m - i] * f[i]
            eg[0] = eg[0] + r[i + 1] * g[i]
        d = 1 - ef[0] * eg[0]
        if d == 0:
            raise np.linalg.LinAlgError("Singular principal minor")
        nf = np.zeros(n, kind)
        ng = np.zeros(n, kind)
        for i in range(m):
            nf[i] = f[i] / d
            ng[i + 1] = g[i] / d
        for i in range(m):
            nf[i + 1] = nf[i + 1] - ef[0] / d * g[i]
            ng[i] = ng[i] - eg[0] / d * f[i]
        f = nf
        g = ng
        for j in range(columns):
            e = np.zeros(1, kind)
            for i in range(m):
                e[0] = e[0] + c[m - i] * x[i, j]
            s = right[m, j] - e[0]
            for i in range(m + 1):
                x[i, j] = x[i, j] + s * g[i]
    return x.reshape(b.shape)


# binds: scipy.linalg.toeplitz
def toeplitz(c, r=None):
    c = np.ravel(np.asarray(c))
    r = np.conj(c) if r is None else np.ravel(np.asarray(r))
    m = c.shape[0]
    n = r.shape[0]
    y = np.empty((m, n), np.result_type(c, r))
    for i in range(m):
        for j in range(n):
            if j <= i:
                y[i, j] = c[i - j]
            else:
                y[i, j] = r[j - i]
    return y


# binds: scipy.linalg.hankel
def hankel(c, r=None):
    c = np.ravel(np.asarray(c))
    r = np.zeros(c.shape, c.dtype) if r is None else np.ravel(np.asarray(r))
    m = c.shape[0]
    n = r.shape[0]
    y = np.empty((m, n), np.result_type(c, r))
    for i in range(m):
        for j in range(n):
            if i + j < m:
                y[i, j] = c[i + j]
            else:
                y[i, j] = r[i + j - m + 1]
    return y


# binds: scipy.linalg.circulant
def circulant(c):
    c = np.asarray(c)
    if c.ndim != 1:
        raise NotImplementedError("scipy.linalg.circulant of a %d-dimensional array" % c.ndim)
    n = c.shape[0]
    y = np.empty((n, n), c.dtype)
    for i in range(n):
        for j in range(n):
            y[i, j] = c[(i - j) % n]
    return y


# binds: scipy.linalg.block_diag
def block_diag(*arrs):
    blocks = [np.asarray(a) for a in arrs]
    for a in blocks:
        if a.ndim > 2:
            raise NotImplementedError("scipy.linalg.block_diag of stacks of matrices")
    blocks = [a.reshape(1, a.size) if a.ndim < 2 else a for a in blocks]
    rows = 0
    columns = 0
    for a in blocks:
        rows += a.shape[0]
        columns += a.shape[1]
    y = np.zeros((rows, columns), np.result_type(*blocks))
    i = 0
    j = 0
    for a in blocks:
        y[i : i + a.shape[0], j : j + a.shape[1]] = a
        i += a.shape[0]
        j += a.shape[1]
    return y
