"""`numpy.linalg`: solving, factorising and measuring matrices of a size known at translation time.

NumPy's leading dimensions are a stack of matrices, worked on one after another. As in NumPy, factorisations run in
double precision and single precision only rounds their results; integers and booleans give float64. Errors are
NumPy's. Results that NumPy returns as named tuples are plain tuples here.
"""

import numpy as np

import _pm
from linalg_eigen import _eigh, _singular, _singular_values
from linalg_kernel import _apply_q, _cholesky, _lu, _lu_solve, _qr, _real_kind


def _matrix(a):
    """a as an array of a type LAPACK knows, its last two lengths static."""
    a = np.asarray(a)
    if a.dtype == np.float16:
        raise TypeError("array type float16 is unsupported in linalg")
    if a.ndim < 2:
        raise np.linalg.LinAlgError("%d-dimensional array given. Array must be at least two-dimensional" % a.ndim)
    if not _pm.is_static(a.shape[-1]) or not _pm.is_static(a.shape[-2]):
        _pm.refuse("a matrix whose size is not known at translation time")
    return _floating(a)


def _floating(a):
    a = np.asarray(a)
    if a.dtype in (np.float32, np.float64, np.complex64, np.complex128):
        return a
    return a.astype(np.float64)


def _square(a):
    a = _matrix(a)
    if a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return a


def _wide(dtype):
    return np.complex128 if dtype in (np.complex64, np.complex128) else np.float64


def _stack(a):
    """a as (matrices, rows, columns) in double precision."""
    count = 1
    for k in a.shape[:-2]:
        count *= k
    return a.astype(_wide(a.dtype)).reshape(count, a.shape[-2], a.shape[-1])


# binds: numpy.linalg.inv
def inv(a):
    a = _square(a)
    s = _stack(a)
    y = np.empty(s.shape, a.dtype)
    one = np.eye(a.shape[-1], dtype=s.dtype)
    for b in range(s.shape[0]):
        lu, pivots, bad = _lu(s[b])
        if bad != 0:
            raise np.linalg.LinAlgError("Singular matrix")
        y[b] = _lu_solve(lu, pivots, one)
    return y.reshape(a.shape)


# binds: numpy.linalg.solve
def solve(a, b):
    a = _square(a)
    b = _floating(b)
    n = a.shape[-1]
    kind = np.result_type(a, b)
    if b.ndim == 1:
        if b.shape[0] != n:
            raise ValueError("solve1: Input operand 1 has a mismatch in its core dimension 0")
        return _solve_stack(a.astype(kind), b.astype(kind).reshape(n, 1)).reshape(a.shape[:-1])
    if b.ndim == 0:
        raise ValueError("solve: Input operand 1 does not have enough dimensions")
    if b.shape[-2] != n:
        raise ValueError("solve: Input operand 1 has a mismatch in its core dimension 0")
    return _solve_stack(a.astype(kind), b.astype(kind))


def _solve_stack(a, b):
    """The solutions of a stack of systems, leading dimensions broadcast."""
    lead = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    sa = _stack(np.broadcast_to(a, tuple(lead) + tuple(a.shape[-2:])))
    sb = _stack(np.broadcast_to(b, tuple(lead) + tuple(b.shape[-2:])))
    y = np.empty(sb.shape, a.dtype)
    for k in range(sa.shape[0]):
        lu, pivots, bad = _lu(sa[k])
        if bad != 0:
            raise np.linalg.LinAlgError("Singular matrix")
        y[k] = _lu_solve(lu, pivots, sb[k])
    return y.reshape(tuple(lead) + tuple(b.shape[-2:]))


def _flips(pivots):
    """1 or -1: the sign of the row exchanges."""
    sign = 1.0
    for k in range(pivots.shape[0]):
        if pivots[k] != k:
            sign = -sign
    return sign


# binds: numpy.linalg.det
def det(a):
    a = _square(a)
    s = _stack(a)
    y = np.empty(s.shape[0], a.dtype)
    for b in range(s.shape[0]):
        lu, pivots, _ = _lu(s[b])
        d = np.ones(1, s.dtype) * _flips(pivots)
        for k in range(a.shape[-1]):
            d[0] = d[0] * lu[k, k]
        y[b] = d[0]
    if a.ndim == 2:
        return y[0]
    return y.reshape(a.shape[:-2])


# binds: numpy.linalg.slogdet
def slogdet(a):
    a = _square(a)
    s = _stack(a)
    sign = np.empty(s.shape[0], s.dtype)
    log = np.zeros(s.shape[0], np.float64)
    for b in range(s.shape[0]):
        lu, pivots, bad = _lu(s[b])
        sign[b] = _flips(pivots)
        if bad != 0:
            sign[b] = 0
            log[b] = -np.inf
        else:
            for k in range(a.shape[-1]):
                size = abs(lu[k, k])
                if np.iscomplexobj(a):
                    sign[b] = sign[b] * (lu[k, k] / size)
                elif lu[k, k] < 0:
                    sign[b] = -sign[b]
                log[b] = log[b] + np.log(size)
    sign = sign.astype(a.dtype)
    log = log.astype(_real_kind(a.dtype))
    if a.ndim == 2:
        return sign[0], log[0]
    return sign.reshape(a.shape[:-2]), log.reshape(a.shape[:-2])


# binds: numpy.linalg.cholesky
def cholesky(a, upper=False):
    a = _square(a)
    s = _stack(a)
    y = np.empty(s.shape, a.dtype)
    for b in range(s.shape[0]):
        if upper:
            l, bad = _cholesky(np.conj(s[b].T))
        else:
            l, bad = _cholesky(s[b])
        if bad != 0:
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        if upper:
            y[b] = np.conj(l.T)
        else:
            y[b] = l
    return y.reshape(a.shape)


def _qr_full(a, width):
    """(q, r) with q (m, width) and r (width, n)."""
    m = a.shape[0]
    r, v, tau = _qr(a)
    one = np.zeros((m, width), a.dtype)
    for i in range(min(m, width)):
        one[i, i] = 1
    return _apply_q(v, tau, one), r[:width, :]


# binds: numpy.linalg.qr
def qr(a, mode="reduced"):
    if mode not in ("reduced", "complete", "r"):
        if mode in ("raw", "full", "economic"):
            raise NotImplementedError("numpy.linalg.qr mode %r; use reduced, complete or r" % (mode,))
        raise ValueError("Unrecognized mode '%s'" % (mode,))
    a = _matrix(a)
    m = a.shape[-2]
    n = a.shape[-1]
    s = _stack(a)
    lead = tuple(a.shape[:-2])
    width = m if mode == "complete" else min(m, n)
    rs = np.empty((s.shape[0], width, n), a.dtype)
    if mode == "r":
        for b in range(s.shape[0]):
            r, _, _ = _qr(s[b])
            rs[b] = r[:width, :]
        return rs.reshape(lead + (width, n))
    qs = np.empty((s.shape[0], m, width), a.dtype)
    for b in range(s.shape[0]):
        q, r = _qr_full(s[b], width)
        qs[b] = q
        rs[b] = r
    return qs.reshape(lead + (m, width)), rs.reshape(lead + (width, n))


def _lower_of(a, side):
    """The matrix whose lower triangle holds the Hermitian a given by its `side` triangle."""
    if side in ("L", "l"):
        return a
    if side in ("U", "u"):
        return np.conj(a.T)
    raise ValueError("UPLO argument must be 'L' or 'U'")


# binds: numpy.linalg.eigh
def eigh(a, UPLO="L"):
    """Signs of the vectors: see linalg_eigen. With UPLO='U' they may differ from NumPy's."""
    a = _square(a)
    s = _stack(a)
    n = a.shape[-1]
    w = np.empty((s.shape[0], n), _real_kind(a.dtype))
    v = np.empty(s.shape, a.dtype)
    for b in range(s.shape[0]):
        values, vectors, failed = _eigh(_lower_of(s[b], UPLO), True)
        if failed:
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
        w[b] = values
        v[b] = vectors
    return w.reshape(a.shape[:-1]), v.reshape(a.shape)


# binds: numpy.linalg.eigvalsh
def eigvalsh(a, UPLO="L"):
    a = _square(a)
    s = _stack(a)
    w = np.empty((s.shape[0], a.shape[-1]), _real_kind(a.dtype))
    for b in range(s.shape[0]):
        values, _, failed = _eigh(_lower_of(s[b], UPLO), False)
        if failed:
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
        w[b] = values
    return w.reshape(a.shape[:-1])


# binds: numpy.linalg.eig, scipy.linalg.eig
def eig(
    a,
    b=None,
    left=False,
    right=True,
    overwrite_a=False,
    overwrite_b=False,
    check_finite=True,
    homogeneous_eigvals=False,
):
    _pm.refuse(
        "eigenvectors of a general matrix: their scaling, their order and whether they are real depend on the data; "
        "use eigh for a symmetric or Hermitian matrix"
    )


# binds: numpy.linalg.eigvals, scipy.linalg.eigvals
def eigvals(a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
    _pm.refuse(
        "eigenvalues of a general matrix: their order, and whether they are real, depend on the data; "
        "use eigvalsh for a symmetric or Hermitian matrix"
    )


# binds: numpy.linalg.svd
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """The vectors differ from NumPy's by a phase of each pair (see linalg_eigen). `hermitian` needs no other path."""
    a = _matrix(a)
    s = _stack(a)
    m = a.shape[-2]
    n = a.shape[-1]
    k = min(m, n)
    lead = tuple(a.shape[:-2])
    w = np.empty((s.shape[0], k), _real_kind(a.dtype))
    if not compute_uv:
        for b in range(s.shape[0]):
            values, failed = _singular_values(s[b])
            if failed:
                raise np.linalg.LinAlgError("SVD did not converge")
            w[b] = values
        return w.reshape(lead + (k,))
    us = np.empty((s.shape[0], m, m if full_matrices else k), a.dtype)
    vs = np.empty((s.shape[0], n if full_matrices else k, n), a.dtype)
    for b in range(s.shape[0]):
        u, values, vh, failed = _singular(s[b], full_matrices)
        if failed:
            raise np.linalg.LinAlgError("SVD did not converge")
        us[b] = u
        w[b] = values
        vs[b] = vh
    return us.reshape(lead + tuple(us.shape[1:])), w.reshape(lead + (k,)), vs.reshape(lead + tuple(vs.shape[1:]))


# binds: numpy.linalg.svdvals
def svdvals(x):
    return svd(x, True, False)


def _kept(s, limit):
    """How many of the descending s are above limit."""
    count = 0
    for k in range(s.shape[0]):
        if s[k] > limit:
            count += 1
    return count


def _least_squares(a, b, rcond):
    """(x, rank, s) of the least-squares problem in the 2-D a and b, singular values up to rcond*s[0] taken as 0."""
    u, s, vh, failed = _singular(a, False)
    if failed:
        raise np.linalg.LinAlgError("SVD did not converge in Linear Least Squares")
    rank = _kept(s, s[0] * rcond)
    c = np.conj(u.T) @ b
    for i in range(s.shape[0]):
        for j in range(b.shape[1]):
            if i < rank:
                c[i, j] = c[i, j] / s[i]
            else:
                c[i, j] = 0
    return np.conj(vh.T) @ c, rank, s


# binds: numpy.linalg.lstsq
def lstsq(a, b, rcond=None):
    a = _matrix(a)
    b = _floating(b)
    if a.ndim != 2:
        raise np.linalg.LinAlgError("%d-dimensional array given. Array must be two-dimensional" % a.ndim)
    m = a.shape[0]
    n = a.shape[1]
    if b.ndim not in (1, 2):
        raise np.linalg.LinAlgError("%d-dimensional array given. Array must be two-dimensional" % b.ndim)
    if b.shape[0] != m:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    kind = np.result_type(a, b)
    if rcond is None:
        rcond = float(np.finfo(np.float64).eps) * max(m, n)
    elif rcond < 0:
        rcond = float(np.finfo(np.float64).eps)
    a = a.astype(_wide(kind))
    c = b.astype(_wide(kind)).reshape(m, 1 if b.ndim == 1 else b.shape[1])
    x, rank, s = _least_squares(a, c, rcond)
    rest = a @ x - c
    sums = np.sum(rest.real * rest.real + rest.imag * rest.imag, axis=0)
    if m <= n:
        sums = sums[:0]
    else:
        sums = sums[: (sums.shape[0] if rank == n else 0)]
    if b.ndim == 1:
        x = x.reshape(n)
    real = _real_kind(kind)
    return x.astype(kind), sums.astype(real), np.int32(rank), s.astype(real)


def _pseudo_inverse(a, rcond):
    u, s, vh, failed = _singular(a, False)
    if failed:
        raise np.linalg.LinAlgError("SVD did not converge")
    rank = _kept(s, s[0] * rcond)
    k = s.shape[0]
    w = np.conj(u.T).copy()
    for i in range(k):
        for j in range(a.shape[0]):
            if i < rank:
                w[i, j] = w[i, j] / s[i]
            else:
                w[i, j] = 0
    return np.conj(vh.T) @ w, rank


# binds: numpy.linalg.pinv
def pinv(a, rcond=None, hermitian=False, rtol="unset"):
    a = _matrix(a)
    if rcond is None:
        if rtol is None:
            rcond = max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
        elif isinstance(rtol, str):
            rcond = 1e-15
        else:
            rcond = rtol
    s = _stack(a)
    y = np.empty((s.shape[0], a.shape[-1], a.shape[-2]), a.dtype)
    for b in range(s.shape[0]):
        p, _ = _pseudo_inverse(s[b], rcond)
        y[b] = p
    return y.reshape(tuple(a.shape[:-2]) + (a.shape[-1], a.shape[-2]))


# binds: numpy.linalg.matrix_rank
def matrix_rank(A, tol=None, hermitian=False, rtol=None):
    a = np.asarray(A)
    if a.ndim < 2:
        return int(np.any(a != 0))
    a = _matrix(a)
    s = _stack(a)
    y = np.zeros(s.shape[0], np.int64)
    for b in range(s.shape[0]):
        w, failed = _singular_values(s[b])
        if failed:
            raise np.linalg.LinAlgError("SVD did not converge")
        if tol is not None:
            y[b] = _kept(w, tol)
        elif rtol is not None:
            y[b] = _kept(w, w[0] * rtol)
        else:
            y[b] = _kept(w, w[0] * (max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)))
    if a.ndim == 2:
        return y[0]
    return y.reshape(a.shape[:-2])


# ---- norms -------------------------------------------------------------------------------------------------


def _squares(x):
    if np.iscomplexobj(x):
        return x.real * x.real + x.imag * x.imag
    return x * x


def _vector_norm(x, ord, axis, keepdims):
    if ord is None or ord == 2:
        return np.sqrt(np.sum(_squares(x), axis=axis, keepdims=keepdims))
    if isinstance(ord, str):
        raise ValueError("Invalid norm order '%s' for vectors" % ord)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum((x != 0).astype(_real_kind(x.dtype)), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _matrix_norm(x, ord, rows, columns, keepdims):
    """The norms of the matrices along two axes."""
    nd = x.ndim
    if rows == columns:
        raise ValueError("Duplicate axes given.")
    if ord is None or ord in ("fro", "f"):
        y = np.sqrt(np.sum(_squares(x), axis=(rows, columns)))
    elif ord in (1, -1, np.inf, -np.inf):
        inner = rows if abs(ord) == 1 else columns
        sums = np.sum(np.abs(x), axis=inner, keepdims=True)
        if ord > 0:
            y = np.max(sums, axis=(rows, columns))
        else:
            y = np.min(sums, axis=(rows, columns))
    elif ord in (2, -2, "nuc"):
        order = [d for d in range(nd) if d not in (rows, columns)] + [rows, columns]
        t = x.transpose(order)
        s = _stack(t)
        w = np.empty(s.shape[0], _real_kind(x.dtype))
        for b in range(s.shape[0]):
            values, failed = _singular_values(s[b])
            if failed:
                raise np.linalg.LinAlgError("SVD did not converge")
            if ord == "nuc":
                w[b] = np.sum(values)
            elif ord == 2:
                w[b] = values[0]
            else:
                w[b] = values[values.shape[0] - 1]
        y = w[0] if nd == 2 else w.reshape(t.shape[:-2])
    else:
        raise ValueError("Invalid norm order for matrices.")
    if keepdims:
        return np.reshape(y, tuple([1 if d in (rows, columns) else x.shape[d] for d in range(nd)]))
    return y


def _norm(x, ord, axis, keepdims):
    x = _floating(x)
    nd = x.ndim
    if axis is None:
        if ord is None or nd == 2 and ord in ("fro", "f") or nd == 1 and ord == 2:
            y = np.sqrt(np.sum(_squares(np.ravel(x))))
            return np.reshape(y, (1,) * nd) if keepdims else y
        if nd == 1:
            return _vector_norm(x, ord, 0, keepdims)
        if nd == 2:
            return _matrix_norm(x, ord, 0, 1, keepdims)
        raise ValueError("Improper number of dimensions to norm.")
    if isinstance(axis, tuple):
        if len(axis) == 1:
            return _vector_norm(x, ord, axis[0], keepdims)
        if len(axis) == 2:
            return _matrix_norm(x, ord, axis[0] % nd, axis[1] % nd, keepdims)
        raise ValueError("Improper number of dimensions to norm.")
    return _vector_norm(x, ord, axis, keepdims)


# binds: numpy.linalg.norm
def norm(x, ord=None, axis=None, keepdims=False):
    x = np.asarray(x)
    if x.dtype == np.float16:
        raise NotImplementedError("numpy.linalg.norm of float16; convert to float32 first")
    return _norm(x, ord, axis, keepdims)


# binds: numpy.linalg.cond
def cond(x, p=None):
    a = _matrix(x)
    if p is None or p == 2 or p == -2:
        s = svd(a, True, False)
        if p == -2:
            y = s[..., -1] / s[..., 0]
        else:
            y = s[..., 0] / s[..., -1]
        return y
    a = _square(a)
    s = _stack(a)
    y = np.empty(s.shape[0], _real_kind(a.dtype))
    one = np.eye(a.shape[-1], dtype=s.dtype)
    for b in range(s.shape[0]):
        lu, pivots, bad = _lu(s[b])
        y[b] = np.inf
        if bad == 0:
            y[b] = _norm(s[b], p, (0, 1), False) * _norm(_lu_solve(lu, pivots, one), p, (0, 1), False)
    if a.ndim == 2:
        return y[0]
    return y.reshape(a.shape[:-2])


# binds: numpy.linalg.matrix_power
def matrix_power(a, n):
    """By repeated squaring, in the order NumPy multiplies."""
    a = np.asarray(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        a = _square(a)
    if not _pm.is_static(n):
        _pm.refuse("a matrix power whose exponent is not known at translation time")
    if not isinstance(n, int):
        raise TypeError("exponent must be an integer")
    if n == 0:
        return np.zeros(a.shape, a.dtype) + np.eye(a.shape[-1], dtype=a.dtype)
    if n < 0:
        a = inv(a)
        n = -n
    if n == 3:
        return (a @ a) @ a
    square = None
    result = None
    while n > 0:
        square = a if square is None else square @ square
        if n % 2 == 1:
            result = square if result is None else result @ square
        n //= 2
    return result


def _chain_split(shapes):
    """The cheapest bracketing of a matrix chain: split[i][j] is the last factor of the left part of i..j."""
    count = len(shapes)
    sizes = [s[0] for s in shapes] + [shapes[-1][1]]
    cost = [[0] * count for _ in range(count)]
    split = [[0] * count for _ in range(count)]
    for width in range(1, count):
        for i in range(count - width):
            j = i + width
            cost[i][j] = -1
            for k in range(i, j):
                c = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                if cost[i][j] < 0 or c < cost[i][j]:
                    cost[i][j] = c
                    split[i][j] = k
    return split


def _chain(arrays, split, i, j):
    if i == j:
        return arrays[i]
    return _chain(arrays, split, i, split[i][j]) @ _chain(arrays, split, split[i][j] + 1, j)


# binds: numpy.linalg.multi_dot
def multi_dot(arrays, out=None):
    if out is not None:
        raise NotImplementedError("the out= argument of numpy.linalg.multi_dot; assign the result instead")
    count = len(arrays)
    if count < 2:
        raise ValueError("Expecting at least two arrays.")
    arrays = [np.asarray(a) for a in arrays]
    first = arrays[0].ndim == 1
    last = arrays[count - 1].ndim == 1
    if first:
        arrays[0] = arrays[0].reshape(1, arrays[0].shape[0])
    if last:
        arrays[count - 1] = arrays[count - 1].reshape(arrays[count - 1].shape[0], 1)
    for a in arrays:
        if a.ndim != 2:
            raise np.linalg.LinAlgError("%d-dimensional array given. Array must be two-dimensional" % a.ndim)
    y = _chain(arrays, _chain_split([a.shape for a in arrays]), 0, count - 1)
    if first and last:
        return y[0, 0]
    if first or last:
        return y.reshape(y.shape[0] * y.shape[1])
    return y
