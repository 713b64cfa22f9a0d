"""Fourier transforms of one row or of the columns of a block, on split real and imaginary arrays.

A transform of n points runs as four steps: n = S*M, Stockham stages down the columns of the S x M view, a
twiddle with the transposition, Stockham stages down the columns of the M x S view. Every inner loop but the
transposition's runs over at least min(S, M) neighbouring points in loads and stores alike, so a C compiler
vectorises it without reordering any sum. Real and imaginary parts travel in arrays of their own.
Lengths with a prime factor above `LARGEST_RADIX` go through Bluestein's chirp (IEEE Trans. AU-18, 1970).
All arrays of one transform share one type, float32 or float64. Only forward transforms: an inverse one is a
forward one with the real and imaginary parts exchanged, going in and coming out.
"""

import numpy as np

LARGEST_RADIX = 13
HALF_SQRT = 0.70710678118654752440
SIN_3 = 0.86602540378443864676
COS_5A = 0.30901699437494742410
COS_5B = -0.80901699437494742410
SIN_5A = 0.95105651629515357212
SIN_5B = 0.58778525229247312917


# ---- evaluated at translation time ------------------------------------------------------------------------


def _radices(n):
    """The radices whose product is n, 8 and 4 before 2, small before large; [] for n == 1."""
    found = []
    twos = 0
    while n % 2 == 0:
        n //= 2
        twos += 1
    if twos % 3 == 1 and twos >= 4:
        found += [4, 4]
        twos -= 4
    while twos >= 3:
        found.append(8)
        twos -= 3
    if twos > 0:
        found.append(2**twos)
    r = 3
    while n > 1:
        if n % r == 0:
            found.append(r)
            n //= r
        else:
            r += 2
    return found


def _rows_of(n):
    """S of the split n = S*M. Powers of two keep the transposition in vector registers; 8 and 16 measured best."""
    if n % 16 == 0 and n >= 1024:
        return 16
    if n % 8 == 0 and n >= 64:
        return 8
    wish = min(16.0, n**0.5)
    best = 1
    for d in range(1, n + 1):
        if n % d == 0 and abs(np.log(d / wish)) < abs(np.log(best / wish)):
            best = d
    return best


def _unit(k, n, kind):
    """exp(-2i pi k/n) for integers k, as two arrays of type kind."""
    w = np.exp(-2j * np.pi * ((np.asarray(k) % n) / n))
    return w.real.astype(kind), w.imag.astype(kind)


def _stage_table(length, radix, kind):
    """Twiddles of a Stockham stage: entry p*radix + k is exp(-2i pi p k/length)."""
    return _unit(np.outer(np.arange(length // radix), np.arange(radix)).reshape(-1), length, kind)


def _dense_table(length, radix, kind):
    """The whole matrix of a stage without a fast form: entry (p*radix + k)*radix + j is the factor from
    input j of butterfly p to its output k."""
    m = length // radix
    p, k, j = np.meshgrid(np.arange(m), np.arange(radix), np.arange(radix), indexing="ij")
    return _unit((k * (p + m * j)).reshape(-1), length, kind)


def _split_table(rows, columns, kind):
    """Twiddles between the two halves: entry k*columns + p is exp(-2i pi k p/(rows columns))."""
    return _unit(np.outer(np.arange(rows), np.arange(columns)).reshape(-1), rows * columns, kind)


def _chirp_length(n):
    """A fast length of at least 2n - 1."""
    best = 1
    while best < 2 * n - 1:
        best *= 2
    for odd in (3, 5, 9, 15):
        m = odd
        while m < 2 * n - 1:
            m *= 2
        if m % 16 == 0 and m < best:
            best = m
    return best


def _chirp(n, m, kind):
    """Bluestein's chirp exp(-i pi k^2/n) and the transform of its conjugate, wrapped to length m, over m."""
    wr, wi = _unit(np.arange(n) ** 2, 2 * n, np.float64)
    tap = np.zeros(m, np.complex128)
    tap[:n] = wr - 1j * wi
    tap[m - n + 1 :] = tap[1:n][::-1]
    tap = np.fft.fft(tap) / m
    return wr.astype(kind), wi.astype(kind), tap.real.astype(kind), tap.imag.astype(kind)


# ---- one Stockham stage: x is (length, lanes) with length = radix*m, y is (m, radix, lanes) ------------------


def _turn(ar, ai, wr, wi, turns):
    """(ar + i ai)(wr + i wi), or a itself where the twiddle is 1."""
    if not turns:
        return ar, ai
    return ar * wr - ai * wi, ar * wi + ai * wr


def _radix2(xr, xi, length, lanes):
    m = length // 2
    wr, wi = _stage_table(length, 2, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        w1r = wr[2 * p + 1]
        w1i = wi[2 * p + 1]
        for q in range(lanes):
            i = q + lanes * p
            o = q + 2 * lanes * p
            b1r, b1i = _turn(xr[i] - xr[i + step], xi[i] - xi[i + step], w1r, w1i, m > 1)
            yr[o] = xr[i] + xr[i + step]
            yi[o] = xi[i] + xi[i + step]
            yr[o + lanes] = b1r
            yi[o + lanes] = b1i
    return yr, yi


def _radix3(xr, xi, length, lanes):
    m = length // 3
    wr, wi = _stage_table(length, 3, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        w1r = wr[3 * p + 1]
        w1i = wi[3 * p + 1]
        w2r = wr[3 * p + 2]
        w2i = wi[3 * p + 2]
        for q in range(lanes):
            i = q + lanes * p
            o = q + 3 * lanes * p
            sr = xr[i + step] + xr[i + 2 * step]
            si = xi[i + step] + xi[i + 2 * step]
            dr = (xr[i + step] - xr[i + 2 * step]) * SIN_3
            di = (xi[i + step] - xi[i + 2 * step]) * SIN_3
            cr = xr[i] - sr * 0.5
            ci = xi[i] - si * 0.5
            b1r, b1i = _turn(cr + di, ci - dr, w1r, w1i, m > 1)
            b2r, b2i = _turn(cr - di, ci + dr, w2r, w2i, m > 1)
            yr[o] = xr[i] + sr
            yi[o] = xi[i] + si
            yr[o + lanes] = b1r
            yi[o + lanes] = b1i
            yr[o + 2 * lanes] = b2r
            yi[o + 2 * lanes] = b2i
    return yr, yi


def _radix4(xr, xi, length, lanes):
    m = length // 4
    wr, wi = _stage_table(length, 4, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        w1r = wr[4 * p + 1]
        w1i = wi[4 * p + 1]
        w2r = wr[4 * p + 2]
        w2i = wi[4 * p + 2]
        w3r = wr[4 * p + 3]
        w3i = wi[4 * p + 3]
        for q in range(lanes):
            i = q + lanes * p
            o = q + 4 * lanes * p
            s0r = xr[i] + xr[i + 2 * step]
            s0i = xi[i] + xi[i + 2 * step]
            d0r = xr[i] - xr[i + 2 * step]
            d0i = xi[i] - xi[i + 2 * step]
            s1r = xr[i + step] + xr[i + 3 * step]
            s1i = xi[i + step] + xi[i + 3 * step]
            d1r = xr[i + step] - xr[i + 3 * step]
            d1i = xi[i + step] - xi[i + 3 * step]
            b1r, b1i = _turn(d0r + d1i, d0i - d1r, w1r, w1i, m > 1)
            b2r, b2i = _turn(s0r - s1r, s0i - s1i, w2r, w2i, m > 1)
            b3r, b3i = _turn(d0r - d1i, d0i + d1r, w3r, w3i, m > 1)
            yr[o] = s0r + s1r
            yi[o] = s0i + s1i
            yr[o + lanes] = b1r
            yi[o + lanes] = b1i
            yr[o + 2 * lanes] = b2r
            yi[o + 2 * lanes] = b2i
            yr[o + 3 * lanes] = b3r
            yi[o + 3 * lanes] = b3i
    return yr, yi


def _radix5(xr, xi, length, lanes):
    m = length // 5
    wr, wi = _stage_table(length, 5, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        w1r = wr[5 * p + 1]
        w1i = wi[5 * p + 1]
        w2r = wr[5 * p + 2]
        w2i = wi[5 * p + 2]
        w3r = wr[5 * p + 3]
        w3i = wi[5 * p + 3]
        w4r = wr[5 * p + 4]
        w4i = wi[5 * p + 4]
        for q in range(lanes):
            i = q + lanes * p
            o = q + 5 * lanes * p
            s1r = xr[i + step] + xr[i + 4 * step]
            s1i = xi[i + step] + xi[i + 4 * step]
            d1r = xr[i + step] - xr[i + 4 * step]
            d1i = xi[i + step] - xi[i + 4 * step]
            s2r = xr[i + 2 * step] + xr[i + 3 * step]
            s2i = xi[i + 2 * step] + xi[i + 3 * step]
            d2r = xr[i + 2 * step] - xr[i + 3 * step]
            d2i = xi[i + 2 * step] - xi[i + 3 * step]
            c1r = xr[i] + s1r * COS_5A + s2r * COS_5B
            c1i = xi[i] + s1i * COS_5A + s2i * COS_5B
            c2r = xr[i] + s1r * COS_5B + s2r * COS_5A
            c2i = xi[i] + s1i * COS_5B + s2i * COS_5A
            t1r = d1r * SIN_5A + d2r * SIN_5B
            t1i = d1i * SIN_5A + d2i * SIN_5B
            t2r = d1r * SIN_5B - d2r * SIN_5A
            t2i = d1i * SIN_5B - d2i * SIN_5A
            b1r, b1i = _turn(c1r + t1i, c1i - t1r, w1r, w1i, m > 1)
            b2r, b2i = _turn(c2r + t2i, c2i - t2r, w2r, w2i, m > 1)
            b3r, b3i = _turn(c2r - t2i, c2i + t2r, w3r, w3i, m > 1)
            b4r, b4i = _turn(c1r - t1i, c1i + t1r, w4r, w4i, m > 1)
            yr[o] = xr[i] + s1r + s2r
            yi[o] = xi[i] + s1i + s2i
            yr[o + lanes] = b1r
            yi[o + lanes] = b1i
            yr[o + 2 * lanes] = b2r
            yi[o + 2 * lanes] = b2i
            yr[o + 3 * lanes] = b3r
            yi[o + 3 * lanes] = b3i
            yr[o + 4 * lanes] = b4r
            yi[o + 4 * lanes] = b4i
    return yr, yi


def _radix8(xr, xi, length, lanes):
    m = length // 8
    wr, wi = _stage_table(length, 8, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        w1r = wr[8 * p + 1]
        w1i = wi[8 * p + 1]
        w2r = wr[8 * p + 2]
        w2i = wi[8 * p + 2]
        w3r = wr[8 * p + 3]
        w3i = wi[8 * p + 3]
        w4r = wr[8 * p + 4]
        w4i = wi[8 * p + 4]
        w5r = wr[8 * p + 5]
        w5i = wi[8 * p + 5]
        w6r = wr[8 * p + 6]
        w6i = wi[8 * p + 6]
        w7r = wr[8 * p + 7]
        w7i = wi[8 * p + 7]
        for q in range(lanes):
            i = q + lanes * p
            o = q + 8 * lanes * p
            p0r = xr[i] + xr[i + 4 * step]
            p0i = xi[i] + xi[i + 4 * step]
            m0r = xr[i] - xr[i + 4 * step]
            m0i = xi[i] - xi[i + 4 * step]
            p1r = xr[i + step] + xr[i + 5 * step]
            p1i = xi[i + step] + xi[i + 5 * step]
            m1r = xr[i + step] - xr[i + 5 * step]
            m1i = xi[i + step] - xi[i + 5 * step]
            p2r = xr[i + 2 * step] + xr[i + 6 * step]
            p2i = xi[i + 2 * step] + xi[i + 6 * step]
            m2r = xr[i + 2 * step] - xr[i + 6 * step]
            m2i = xi[i + 2 * step] - xi[i + 6 * step]
            p3r = xr[i + 3 * step] + xr[i + 7 * step]
            p3i = xi[i + 3 * step] + xi[i + 7 * step]
            m3r = xr[i + 3 * step] - xr[i + 7 * step]
            m3i = xi[i + 3 * step] - xi[i + 7 * step]
            s0r = p0r + p2r
            s0i = p0i + p2i
            d0r = p0r - p2r
            d0i = p0i - p2i
            s1r = p1r + p3r
            s1i = p1i + p3i
            d1r = p1r - p3r
            d1i = p1i - p3i
            g1r = (m1r + m1i) * HALF_SQRT
            g1i = (m1i - m1r) * HALF_SQRT
            g3r = (m3i - m3r) * HALF_SQRT
            g3i = (m3r + m3i) * HALF_SQRT
            t0r = m0r + m2i
            t0i = m0i - m2r
            t2r = m0r - m2i
            t2i = m0i + m2r
            t1r = g1r + g3r
            t1i = g1i - g3i
            t3r = g1r - g3r
            t3i = g1i + g3i
            b1r, b1i = _turn(t0r + t1r, t0i + t1i, w1r, w1i, m > 1)
            b2r, b2i = _turn(d0r + d1i, d0i - d1r, w2r, w2i, m > 1)
            b3r, b3i = _turn(t2r + t3i, t2i - t3r, w3r, w3i, m > 1)
            b4r, b4i = _turn(s0r - s1r, s0i - s1i, w4r, w4i, m > 1)
            b5r, b5i = _turn(t0r - t1r, t0i - t1i, w5r, w5i, m > 1)
            b6r, b6i = _turn(d0r - d1i, d0i + d1r, w6r, w6i, m > 1)
            b7r, b7i = _turn(t2r - t3i, t2i + t3r, w7r, w7i, m > 1)
            yr[o] = s0r + s1r
            yi[o] = s0i + s1i
            yr[o + lanes] = b1r
            yi[o + lanes] = b1i
            yr[o + 2 * lanes] = b2r
            yi[o + 2 * lanes] = b2i
            yr[o + 3 * lanes] = b3r
            yi[o + 3 * lanes] = b3i
            yr[o + 4 * lanes] = b4r
            yi[o + 4 * lanes] = b4i
            yr[o + 5 * lanes] = b5r
            yi[o + 5 * lanes] = b5i
            yr[o + 6 * lanes] = b6r
            yi[o + 6 * lanes] = b6i
            yr[o + 7 * lanes] = b7r
            yi[o + 7 * lanes] = b7i
    return yr, yi


def _radix_any(xr, xi, length, lanes, radix):
    """A stage as radix x radix matrix products, for the primes from 7 to LARGEST_RADIX."""
    m = length // radix
    wr, wi = _dense_table(length, radix, xr.dtype)
    yr = np.empty(length * lanes, xr.dtype)
    yi = np.empty(length * lanes, xr.dtype)
    step = m * lanes
    for p in range(m):
        for k in range(radix):
            row = (p * radix + k) * radix
            o = lanes * (p * radix + k)
            for q in range(lanes):
                i = q + lanes * p
                sr = xr[i]
                si = xi[i]
                sr, si = _turn(sr, si, wr[row], wi[row], m > 1)
                for j in range(1, radix):
                    ar = xr[i + j * step]
                    ai = xi[i + j * step]
                    sr = sr + (ar * wr[row + j] - ai * wi[row + j])
                    si = si + (ar * wi[row + j] + ai * wr[row + j])
                yr[o + q] = sr
                yi[o + q] = si
    return yr, yi


# ---- whole transforms on split arrays ----------------------------------------------------------------------


def _columns(xr, xi, n, lanes):
    """Forward transforms down the columns of the (n, lanes) arrays, given and returned flat."""
    left = n
    run = lanes
    for r in _radices(n):
        if r == 2:
            xr, xi = _radix2(xr, xi, left, run)
        elif r == 3:
            xr, xi = _radix3(xr, xi, left, run)
        elif r == 4:
            xr, xi = _radix4(xr, xi, left, run)
        elif r == 5:
            xr, xi = _radix5(xr, xi, left, run)
        elif r == 8:
            xr, xi = _radix8(xr, xi, left, run)
        else:
            xr, xi = _radix_any(xr, xi, left, run, r)
        left = left // r
        run = run * r
    return xr, xi


def _four_step(xr, xi, n):
    """Forward transform of n points with small prime factors."""
    rows = _rows_of(n)
    if rows == 1:
        return _columns(xr, xi, n, 1)
    columns = n // rows
    ur, ui = _columns(xr, xi, rows, columns)
    wr, wi = _split_table(rows, columns, xr.dtype)
    vr = np.empty(n, xr.dtype)
    vi = np.empty(n, xr.dtype)
    for p in range(columns):
        for k in range(rows):
            ar = ur[columns * k + p]
            ai = ui[columns * k + p]
            cr = wr[columns * k + p]
            ci = wi[columns * k + p]
            vr[rows * p + k] = ar * cr - ai * ci
            vi[rows * p + k] = ar * ci + ai * cr
    return _columns(vr, vi, columns, rows)


def _bluestein(xr, xi, n):
    """Forward transform of n points as a circular convolution with a chirp."""
    m = _chirp_length(n)
    cr, ci, hr, hi = _chirp(n, m, xr.dtype)
    ar = np.zeros(m, xr.dtype)
    ai = np.zeros(m, xr.dtype)
    for i in range(n):
        ar[i] = xr[i] * cr[i] - xi[i] * ci[i]
        ai[i] = xr[i] * ci[i] + xi[i] * cr[i]
    br, bi = _four_step(ar, ai, m)
    pr = np.empty(m, xr.dtype)
    pi = np.empty(m, xr.dtype)
    for i in range(m):
        pr[i] = br[i] * hr[i] - bi[i] * hi[i]
        pi[i] = br[i] * hi[i] + bi[i] * hr[i]
    # An inverse transform is a forward one with the parts exchanged.
    si, sr = _four_step(pi, pr, m)
    yr = np.empty(n, xr.dtype)
    yi = np.empty(n, xr.dtype)
    for i in range(n):
        yr[i] = sr[i] * cr[i] - si[i] * ci[i]
        yi[i] = sr[i] * ci[i] + si[i] * cr[i]
    return yr, yi


def _is_smooth(n):
    return max(_radices(n) + [1]) <= LARGEST_RADIX


def _row(xr, xi, n):
    """Forward transform of n points."""
    if _is_smooth(n):
        return _four_step(xr, xi, n)
    return _bluestein(xr, xi, n)


def _block(xr, xi, n, lanes):
    """Forward transforms down the columns of the (n, lanes) arrays, flat, for any n."""
    if lanes == 1:
        return _row(xr, xi, n)
    if _is_smooth(n):
        return _columns(xr, xi, n, lanes)
    yr = np.empty(n * lanes, xr.dtype)
    yi = np.empty(n * lanes, xr.dtype)
    for q in range(lanes):
        ar = np.empty(n, xr.dtype)
        ai = np.empty(n, xr.dtype)
        for i in range(n):
            ar[i] = xr[i * lanes + q]
            ai[i] = xi[i * lanes + q]
        br, bi = _row(ar, ai, n)
        for i in range(n):
            yr[i * lanes + q] = br[i]
            yi[i * lanes + q] = bi[i]
    return yr, yi


def _real_row(x, n):
    """The first n//2 + 1 outputs of the transform of n real points."""
    kind = x.dtype
    if n % 2 == 1:
        yr, yi = _row(x, np.zeros(n, kind), n)
        return yr[: n // 2 + 1], yi[: n // 2 + 1]
    half = n // 2
    ar = np.empty(half, kind)
    ai = np.empty(half, kind)
    for i in range(half):
        ar[i] = x[2 * i]
        ai[i] = x[2 * i + 1]
    br, bi = _row(ar, ai, half)
    wr, wi = _unit(np.arange(half + 1), n, kind)
    yr = np.empty(half + 1, kind)
    yi = np.empty(half + 1, kind)
    yr[0] = br[0] + bi[0]
    yi[0] = 0.0
    yr[half] = br[0] - bi[0]
    yi[half] = 0.0
    for k in range(1, half):
        er = (br[k] + br[half - k]) * 0.5
        ei = (bi[k] - bi[half - k]) * 0.5
        dr = (bi[k] + bi[half - k]) * 0.5
        di = (br[half - k] - br[k]) * 0.5
        yr[k] = er + (dr * wr[k] - di * wi[k])
        yi[k] = ei + (dr * wi[k] + di * wr[k])
    return yr, yi


def _real_inverse_row(xr, xi, n):
    """n real points from the first n//2 + 1 of their Hermitian spectrum, not divided by n. The imaginary parts
    of the outputs that must be real are not read."""
    kind = xr.dtype
    if n % 2 == 1:
        ar = np.empty(n, kind)
        ai = np.empty(n, kind)
        ar[0] = xr[0]
        ai[0] = 0.0
        for k in range(1, n // 2 + 1):
            ar[k] = xr[k]
            ai[k] = xi[k]
            ar[n - k] = xr[k]
            ai[n - k] = -xi[k]
        _, y = _row(ai, ar, n)
        return y
    half = n // 2
    wr, wi = _unit(np.arange(half + 1), n, kind)
    ar = np.empty(half, kind)
    ai = np.empty(half, kind)
    ar[0] = xr[0] + xr[half]
    ai[0] = xr[0] - xr[half]
    for k in range(1, half):
        er = xr[k] + xr[half - k]
        ei = xi[k] - xi[half - k]
        dr = xr[k] - xr[half - k]
        di = xi[k] + xi[half - k]
        tr = dr * wr[k] + di * wi[k]
        ti = di * wr[k] - dr * wi[k]
        ar[k] = er - ti
        ai[k] = ei + tr
    bi, br = _row(ai, ar, half)
    y = np.empty(n, kind)
    for i in range(half):
        y[2 * i] = br[i]
        y[2 * i + 1] = bi[i]
    return y
