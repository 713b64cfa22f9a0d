"""Eigenvalues of Hermitian matrices and singular values of any.

eigh follows LAPACK's hetd2 and steqr step by step (Householder tridiagonalisation of the lower triangle, implicit QL
or QR with Wilkinson's shift), so the signs of its eigenvectors are those of `numpy.linalg.eigh` up to 25 rows, where
LAPACK uses the same path, and the eigenvalues are not so close that rounding decides.
The singular value decomposition is one-sided Jacobi (Hestenes; Demmel and Veselic 1992), as accurate as the columns'
scaling allows; its vectors are unique up to a common phase of each pair, which is not LAPACK's: compare u*s@vh,
subspaces or absolute values.
"""

import numpy as np

from linalg_kernel import _apply_q, _hypot, _qr, _real_kind, _reflector, _square_size


def _tridiagonal(a):
    """(d, e, v, tau) of the Hermitian a, from its lower triangle."""
    n = a.shape[0]
    kind = _real_kind(a.dtype)
    s = np.zeros((n, n), a.dtype)
    for i in range(n):
        s[i, i] = a[i, i].real
        for j in range(i):
            s[i, j] = a[i, j]
            s[j, i] = np.conj(a[i, j])
    d = np.zeros(n, kind)
    e = np.zeros(n, kind)
    v = np.zeros((n, n), a.dtype)
    tau = np.zeros(n, a.dtype)
    for k in range(n - 1):
        x = np.zeros(n, a.dtype)
        for i in range(k + 1, n):
            x[i - k - 1] = s[i, k]
        beta, t, w = _reflector(x)
        e[k] = beta
        tau[k] = t
        for i in range(k + 1, n):
            v[i, k] = w[i - k - 1]
        y = np.zeros(n, a.dtype)
        dot = np.zeros(1, a.dtype)
        for i in range(k + 1, n):
            total = s[i, k + 1] * v[k + 1, k]
            for j in range(k + 2, n):
                total = total + s[i, j] * v[j, k]
            y[i] = t * total
            dot[0] = dot[0] + np.conj(y[i]) * v[i, k]
        half = t * dot[0] * 0.5
        for i in range(k + 1, n):
            y[i] = y[i] - half * v[i, k]
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                s[i, j] = s[i, j] - v[i, k] * np.conj(y[j]) - y[i] * np.conj(v[j, k])
        d[k] = s[k, k].real
    if n > 0:
        d[n - 1] = s[n - 1, n - 1].real
    return d, e, v, tau


def _rotation(f, g):
    """LAPACK's lartg: (c, s, r) with c f + s g = r and c g = s f."""
    if g == 0:
        return f * 0 + 1, g * 0, f
    if f == 0:
        if g < 0:
            return f * 0, g * 0 - 1, -g
        return f * 0, g * 0 + 1, g
    size = _hypot(f, g)
    r = size
    if f < 0:
        r = -size
    return abs(f) / size, g / r, r


def _pair(a, b, c):
    """LAPACK's laev2: (rt1, rt2, cs, sn) of [[a, b], [b, c]]; rt1 has the larger magnitude, (cs, sn) its vector."""
    total = a + c
    diff = a - c
    twice = b + b
    root = _hypot(diff, twice)
    large = c
    small = a
    if abs(a) > abs(c):
        large = a
        small = c
    rt1 = root * 0.5
    rt2 = root * -0.5
    first = 1
    if total < 0:
        rt1 = (total - root) * 0.5
        first = -1
        rt2 = (large / rt1) * small - (b / rt1) * b
    elif total > 0:
        rt1 = (total + root) * 0.5
        rt2 = (large / rt1) * small - (b / rt1) * b
    second = 1
    cs = diff + root
    if diff < 0:
        second = -1
        cs = diff - root
    sn1 = root * 0
    cs1 = root * 0 + 1
    if abs(cs) > abs(twice):
        ct = -twice / cs
        sn1 = 1 / np.sqrt(1 + ct * ct)
        cs1 = ct * sn1
    elif twice != 0:
        tn = -cs / twice
        cs1 = 1 / np.sqrt(1 + tn * tn)
        sn1 = tn * cs1
    if first == second:
        tn = cs1
        cs1 = -sn1
        sn1 = tn
    return rt1, rt2, cs1, sn1


def _turn_columns(z, j, c, s):
    """Columns j and j+1 of z by the rotation (c, s), in place."""
    for i in range(z.shape[0]):
        t = z[i, j + 1]
        z[i, j + 1] = c * t - s * z[i, j]
        z[i, j] = s * t + c * z[i, j]


def _first_small(d, e, first, last, eps, tiny):
    """The first i in first..last-1 whose e[i] is negligible, or last."""
    m = last
    for back in range(last - first):
        i = last - 1 - back
        if abs(e[i]) * abs(e[i]) <= (eps * eps * abs(d[i])) * abs(d[i + 1]) + tiny:
            m = i
    return m


def _last_small(d, e, first, last, eps, tiny):
    """The last i in first+1..last whose e[i-1] is negligible, or first."""
    m = first
    for i in range(first + 1, last + 1):
        if abs(e[i - 1]) * abs(e[i - 1]) <= (eps * eps * abs(d[i])) * abs(d[i - 1]) + tiny:
            m = i
    return m


def _shift(p, near, far, off):
    """far - p + off/(g + sign(hypot(g, 1), g)) with g = (near - p)/(2 off)."""
    g = (near - p) / (off * 2)
    r = _hypot(g, g * 0 + 1)
    if g < 0:
        r = -r
    return far - p + off / (g + r)


def _steqr(d, e, vectors):
    """(w, z, failed): eigenvalues of the tridiagonal (d, e), ascending, and its eigenvectors as columns of z, which is
    the identity's turn; z is left alone without `vectors`."""
    n = d.shape[0]
    kind = d.dtype
    d = d.copy()
    e = e.copy()
    z = np.eye(n, dtype=kind)
    eps = float(np.finfo(kind).eps) * 0.5
    tiny = float(np.finfo(kind).tiny)
    left = 30 * n
    start = 0
    while start < n and left > 0:
        if start > 0:
            e[start - 1] = 0
        m = n - 1
        for back in range(n - 1 - start):
            i = n - 2 - back
            if abs(e[i]) <= np.sqrt(abs(d[i])) * np.sqrt(abs(d[i + 1])) * eps:
                m = i
        if m < n - 1:
            e[m] = 0
        l = start
        end = m
        start = m + 1
        down = abs(d[end]) < abs(d[l])
        if down:
            t = l
            l = end
            end = t
        if not down:
            while l <= end and left > 0:
                m = _first_small(d, e, l, end, eps, tiny)
                if m < end:
                    e[m] = 0
                if m == l:
                    l += 1
                elif m == l + 1:
                    rt1, rt2, c, s = _pair(d[l], e[l], d[l + 1])
                    if vectors:
                        _turn_columns(z, l, c, s)
                    d[l] = rt1
                    d[l + 1] = rt2
                    e[l] = 0
                    l += 2
                else:
                    left -= 1
                    g = _shift(d[l], d[l + 1], d[m], e[l])
                    s = g * 0 + 1
                    c = g * 0 + 1
                    p = g * 0
                    for back in range(m - l):
                        i = m - 1 - back
                        f = s * e[i]
                        b = c * e[i]
                        c, s, r = _rotation(g, f)
                        if i != m - 1:
                            e[i + 1] = r
                        g = d[i + 1] - p
                        r = (d[i] - g) * s + c * b * 2
                        p = s * r
                        d[i + 1] = g + p
                        g = c * r - b
                        if vectors:
                            _turn_columns(z, i, c, -s)
                    d[l] = d[l] - p
                    e[l] = g
        else:
            while l >= end and left > 0:
                m = _last_small(d, e, end, l, eps, tiny)
                if m > end:
                    e[m - 1] = 0
                if m == l:
                    l -= 1
                elif m == l - 1:
                    rt1, rt2, c, s = _pair(d[l - 1], e[l - 1], d[l])
                    if vectors:
                        _turn_columns(z, l - 1, c, s)
                    d[l - 1] = rt1
                    d[l] = rt2
                    e[l - 1] = 0
                    l -= 2
                else:
                    left -= 1
                    g = _shift(d[l], d[l - 1], d[m], e[l - 1])
                    s = g * 0 + 1
                    c = g * 0 + 1
                    p = g * 0
                    for i in range(m, l):
                        f = s * e[i]
                        b = c * e[i]
                        c, s, r = _rotation(g, f)
                        if i != m:
                            e[i - 1] = r
                        g = d[i] - p
                        r = (d[i + 1] - g) * s + c * b * 2
                        p = s * r
                        d[i] = g + p
                        g = c * r - b
                        if vectors:
                            _turn_columns(z, i, c, s)
                    d[l] = d[l] - p
                    e[l - 1] = g
    for i in range(n):
        k = i
        for j in range(i + 1, n):
            if d[j] < d[k]:
                k = j
        if k != i:
            t = d[k]
            d[k] = d[i]
            d[i] = t
            if vectors:
                for r in range(n):
                    t = z[r, i]
                    z[r, i] = z[r, k]
                    z[r, k] = t
    return d, z, left == 0 and n > 0


def _eigh(a, vectors):
    """(w, v, failed) of the Hermitian a, from its lower triangle; v only with `vectors`."""
    n = a.shape[0]
    big = np.max(np.abs(a)) if n > 0 else _real_kind(a.dtype)(0)
    low = float(np.finfo(a.dtype).tiny) ** 0.5 * 1e4
    scale = big * 0 + 1
    # Squares of the entries must neither vanish nor overflow.
    if big > 0 and big < low or big > 1 / low and big <= np.finfo(a.dtype).max:
        scale = 1 / big
    d, e, v, tau = _tridiagonal(a * scale)
    w, z, failed = _steqr(d, e, vectors)
    w = w / scale
    if not np.all(np.isfinite(a)):
        # LAPACK's iteration does not end on NaN or infinity; up to two rows it needs none and gives NaN.
        failed = n > 2
        w = np.full(n, np.nan, w.dtype)
        z = np.full((n, n), np.nan, w.dtype)
    if not vectors:
        return w, z, failed
    # Row k + 1 is where the k-th reflector starts.
    q = z.astype(a.dtype)
    for back in range(n - 1):
        k = n - 2 - back
        s = np.zeros(n, a.dtype)
        for i in range(k + 1, n):
            f = np.conj(v[i, k])
            for j in range(n):
                s[j] = s[j] + f * q[i, j]
        for i in range(k + 1, n):
            f = tau[k] * v[i, k]
            for j in range(n):
                q[i, j] = q[i, j] - f * s[j]
    return w, q, failed


def _jacobi(a):
    """One-sided Jacobi for a with at least as many rows as columns: (s, u, v, failed), s descending, a = u s v^H.
    Columns of u whose singular value is 0 up to rounding are not orthonormal yet (`_completed`)."""
    m = a.shape[0]
    n = a.shape[1]
    kind = _real_kind(a.dtype)
    # Worked on by rows: row j of u is column j of the matrix.
    u = a.T.copy()
    v = np.eye(n, dtype=a.dtype)
    eps = float(np.finfo(kind).eps)
    big = np.max(np.abs(a)) if a.size > 0 else kind(0)
    scale = big * 0 + 1
    if big > 0 and big <= np.finfo(kind).max:
        scale = big
    u = u / scale
    total = kind(0)
    for j in range(n):
        for i in range(m):
            total = total + _square_size(u[j, i])
    # A column this short is rounding error of the others and has no direction of its own.
    short = total * (eps * eps)
    turned = True
    sweeps = 0
    while turned and sweeps < 60:
        turned = False
        sweeps += 1
        for p in range(n - 1):
            for q in range(p + 1, n):
                alpha = kind(0)
                beta = kind(0)
                gamma = np.zeros(1, a.dtype)
                for i in range(m):
                    alpha = alpha + _square_size(u[p, i])
                    beta = beta + _square_size(u[q, i])
                    gamma[0] = gamma[0] + np.conj(u[p, i]) * u[q, i]
                size = abs(gamma[0])
                if size > eps * np.sqrt(alpha) * np.sqrt(beta) and min(alpha, beta) > short:
                    turned = True
                    phase = gamma[0] / size
                    zeta = (beta - alpha) / (size * 2)
                    t = 1 / (abs(zeta) + _hypot(zeta, kind(1)))
                    if zeta < 0:
                        t = -t
                    c = 1 / np.sqrt(1 + t * t)
                    s = c * t
                    for i in range(m):
                        x = u[p, i]
                        y = u[q, i] * np.conj(phase)
                        u[p, i] = c * x - s * y
                        u[q, i] = s * x + c * y
                    for i in range(n):
                        x = v[p, i]
                        y = v[q, i] * np.conj(phase)
                        v[p, i] = c * x - s * y
                        v[q, i] = s * x + c * y
    s = np.zeros(n, kind)
    for j in range(n):
        total = kind(0)
        for i in range(m):
            total = total + _square_size(u[j, i])
        s[j] = np.sqrt(total)
    order = np.argsort(-s)
    s = s[order]
    u = u[order]
    v = v[order]
    for j in range(n):
        if s[j] > 0:
            for i in range(m):
                u[j, i] = u[j, i] / s[j]
    failed = turned or not np.all(np.isfinite(s))
    return s * scale, u.T.copy(), v.T.copy(), failed


def _singular(a, full):
    """(u, s, vh, failed) with u (m, k or m) and vh (k or n, n), k = min(m, n)."""
    m = a.shape[0]
    n = a.shape[1]
    if m < n:
        u, s, vh, failed = _singular(np.conj(a.T).copy(), full)
        return np.conj(vh.T).copy(), s, np.conj(u.T).copy(), failed
    # A QR first shortens the columns that the rotations run over.
    r, h, tau = _qr(a)
    s, ur, v, failed = _jacobi(r[:n, :])
    ur = _completed(ur, s)
    width = m if full else n
    u = np.zeros((m, width), a.dtype)
    u[:n, :n] = ur
    for i in range(n, width):
        u[i, i] = 1
    u = _apply_q(h, tau, u)
    return u, s, np.conj(v.T).copy(), failed


def _completed(u, s):
    """The square u with its columns of vanishing singular values made orthonormal to the others."""
    n = u.shape[0]
    kind = _real_kind(u.dtype)
    w = u.copy()
    limit = float(np.finfo(kind).eps) * n
    for j in range(n):
        if s[j] <= limit * s[0]:
            # Of all unit vectors the one least in the span of the columns before.
            best = kind(-1)
            pick = np.zeros(n, u.dtype)
            for k in range(n):
                x = np.zeros(n, u.dtype)
                x[k] = 1
                for _ in range(2):
                    for c in range(j):
                        dot = np.zeros(1, u.dtype)
                        for i in range(n):
                            dot[0] = dot[0] + np.conj(w[i, c]) * x[i]
                        for i in range(n):
                            x[i] = x[i] - dot[0] * w[i, c]
                size = kind(0)
                for i in range(n):
                    size = size + _square_size(x[i])
                if size > best:
                    best = size
                    pick = x
            for i in range(n):
                w[i, j] = pick[i] / np.sqrt(best)
    return w


def _singular_values(a):
    """(s, failed), descending."""
    t = np.conj(a.T).copy() if a.shape[0] < a.shape[1] else a
    r, _, _ = _qr(t)
    s, _, _, failed = _jacobi(r[: t.shape[1], :])
    return s, failed
