"""Factorisations of one matrix, in LAPACK's unblocked order and with its signs.

Every function takes and returns 2-D arrays of one of the four LAPACK types and never writes into its arguments. A
failure is returned as a number, so that the callers raise what NumPy or SciPy raise. Loops run along rows, the
contiguous direction.
"""

import numpy as np


def _real_kind(dtype):
    return np.float32 if dtype in (np.float32, np.complex64) else np.float64


def _size1(v):
    """|re| + |im|, by which LAPACK chooses pivots."""
    if np.iscomplexobj(v):
        return abs(v.real) + abs(v.imag)
    return abs(v)


def _square_size(v):
    """|v| squared."""
    if np.iscomplexobj(v):
        return v.real * v.real + v.imag * v.imag
    return v * v


def _lu(a):
    """LU with partial pivoting (getrf): (lu, pivots, bad). Row k was exchanged with row pivots[k]; bad is 1 + the
    first k with a zero pivot, or 0."""
    lu = a.copy()
    m = a.shape[0]
    n = a.shape[1]
    count = min(m, n)
    pivots = np.zeros(count, np.int32)
    bad = 0
    for k in range(count):
        p = k
        best = _size1(lu[k, k])
        for i in range(k + 1, m):
            size = _size1(lu[i, k])
            if size > best:
                best = size
                p = i
        pivots[k] = p
        if k + 1 < m:
            # without asking whether p is k: a row exchanged with itself stays
            for j in range(n):
                t = lu[k, j]
                lu[k, j] = lu[p, j]
                lu[p, j] = t
        if lu[k, k] == 0:
            if bad == 0:
                bad = k + 1
        else:
            # by the reciprocal, as LAPACK does
            inverse = 1 / lu[k, k]
            for i in range(k + 1, m):
                f = lu[i, k] * inverse
                lu[i, k] = f
                for j in range(k + 1, n):
                    lu[i, j] = lu[i, j] - f * lu[k, j]
    return lu, pivots, bad


def _solve_lower(l, b, unit):
    """x of l x = b, reading the lower triangle of l; unit: its diagonal counts as 1."""
    x = b.copy()
    n = l.shape[0]
    r = b.shape[1]
    for i in range(n):
        for k in range(i):
            f = l[i, k]
            for j in range(r):
                x[i, j] = x[i, j] - f * x[k, j]
        if not unit:
            for j in range(r):
                x[i, j] = x[i, j] / l[i, i]
    return x


def _solve_upper(u, b, unit):
    """x of u x = b, reading the upper triangle of u."""
    x = b.copy()
    n = u.shape[0]
    r = b.shape[1]
    for back in range(n):
        i = n - 1 - back
        for k in range(i + 1, n):
            f = u[i, k]
            for j in range(r):
                x[i, j] = x[i, j] - f * x[k, j]
        if not unit:
            for j in range(r):
                x[i, j] = x[i, j] / u[i, i]
    return x


def _exchanged(b, pivots):
    """b with the row exchanges of `_lu` applied."""
    x = b.copy()
    for k in range(pivots.shape[0]):
        if k + 1 < b.shape[0]:
            p = int(pivots[k])
            for j in range(b.shape[1]):
                t = x[k, j]
                x[k, j] = x[p, j]
                x[p, j] = t
    return x


def _lu_solve(lu, pivots, b):
    return _solve_upper(lu, _solve_lower(lu, _exchanged(b, pivots), True), False)


def _unexchanged(b, pivots):
    """`_exchanged` undone."""
    x = b.copy()
    count = pivots.shape[0]
    for back in range(count):
        k = count - 1 - back
        p = int(pivots[k])
        if p != k:
            for j in range(b.shape[1]):
                t = x[k, j]
                x[k, j] = x[p, j]
                x[p, j] = t
    return x


def _cholesky(a):
    """(l, bad): a = l l^H from the lower triangle of a (potrf); bad is 1 + the first row whose pivot is not positive;
    NaN passes, as in OpenBLAS."""
    n = a.shape[0]
    l = np.zeros((n, n), a.dtype)
    bad = 0
    for i in range(n):
        if bad == 0:
            for j in range(i):
                s = a[i, j]
                for k in range(j):
                    s = s - l[i, k] * np.conj(l[j, k])
                l[i, j] = s / l[j, j].real
            d = a[i, i].real
            for k in range(i):
                d = d - _square_size(l[i, k])
            if d <= 0:
                bad = i + 1
            else:
                l[i, i] = np.sqrt(d)
    return l, bad


def _reflector(x):
    """LAPACK's larfg for the 1-D x: (beta, tau, v) with v[0] = 1, beta real and (I - tau v v^H)^H x = (beta, 0, ..)."""
    kind = x.dtype
    n = x.shape[0]
    v = x.copy()
    big = _size1(x[0])
    for i in range(1, n):
        big = max(big, _size1(x[i]))
    tail = _real_kind(kind)(0)
    if big > 0 and big <= np.finfo(kind).max:
        for i in range(1, n):
            tail = tail + _square_size(x[i] / big)
    else:
        # Zero has no tail; infinity and NaN spread as they would in the plain sum of squares.
        for i in range(1, n):
            tail = tail + _square_size(x[i])
        big = _real_kind(kind)(1)
    beta = x[0].real
    tau = np.zeros(1, kind)
    flat = tail == 0
    if np.iscomplexobj(x):
        flat = tail == 0 and x[0].imag == 0
    if not flat:
        size = big * np.sqrt(_square_size(x[0] / big) + tail)
        if x[0].real < 0:
            beta = size
        else:
            beta = -size
        tau[0] = (beta - x[0]) / beta
        lead = x[0] - beta
        for i in range(1, n):
            v[i] = x[i] / lead
    else:
        for i in range(1, n):
            v[i] = 0
    v[0] = 1
    return beta, tau[0], v


def _qr(a):
    """Householder QR (geqr2): (r, v, tau); r is (m, n) upper triangular with the diagonal LAPACK gives, column k of
    v the k-th reflector's vector."""
    m = a.shape[0]
    n = a.shape[1]
    count = min(m, n)
    r = a.copy()
    v = np.zeros((m, count), a.dtype)
    tau = np.zeros(count, a.dtype)
    for k in range(count):
        x = np.zeros(m, a.dtype)
        for i in range(k, m):
            x[i - k] = r[i, k]
        # The entries past m - k are zero and stay so.
        beta, t, w = _reflector(x)
        tau[k] = t
        for i in range(k, m):
            v[i, k] = w[i - k]
        r[k, k] = beta
        for i in range(k + 1, m):
            r[i, k] = 0
        s = np.zeros(n, a.dtype)
        for i in range(k, m):
            f = np.conj(v[i, k])
            for j in range(k + 1, n):
                s[j] = s[j] + f * r[i, j]
        for i in range(k, m):
            f = np.conj(t) * v[i, k]
            for j in range(k + 1, n):
                r[i, j] = r[i, j] - f * s[j]
    return r, v, tau


def _apply_q(v, tau, c):
    """q c for q = H_0 H_1 .. H_(k-1) of `_qr`."""
    q = c.copy()
    m = v.shape[0]
    count = v.shape[1]
    n = c.shape[1]
    for back in range(count):
        k = count - 1 - back
        s = np.zeros(n, c.dtype)
        for i in range(k, m):
            f = np.conj(v[i, k])
            for j in range(n):
                s[j] = s[j] + f * q[i, j]
        for i in range(k, m):
            f = tau[k] * v[i, k]
            for j in range(n):
                q[i, j] = q[i, j] - f * s[j]
    return q


def _hypot(a, b):
    """sqrt(a a + b b) without overflow."""
    x = max(abs(a), abs(b))
    y = min(abs(a), abs(b))
    if x == 0:
        return x
    return x * np.sqrt(1 + (y / x) * (y / x))
