"""Recursive and other filters of scipy.signal along one axis.

Difference equations run in direct form II transposed, sample by sample, as SciPy's do.
"""

import numpy as np

import _pm
from axes import _as_rows, _axis_of, _from_rows, _product, _to_last


def _coefficients(v, name):
    v = np.asarray(v)
    if v.ndim == 0:
        v = v.reshape(1)
    if v.ndim != 1 or v.shape[0] == 0:
        raise ValueError("Parameter %s is not a non-empty 1d array" % name)
    return v


def _check_kind(kind):
    if kind not in (np.float32, np.float64, np.complex64, np.complex128):
        raise NotImplementedError("input type '%s' not supported" % (kind,))


def _iir_row(b, a, x, z):
    """(y, zf) of one row; b and a have one length, a[0] == 1, z is one shorter."""
    n = x.shape[0]
    order = b.shape[0] - 1
    y = np.empty(n, x.dtype)
    z = z.copy()
    for i in range(n):
        v = x[i]
        w = z[0] + b[0] * v
        for k in range(order - 1):
            z[k] = z[k + 1] + b[k + 1] * v - a[k + 1] * w
        z[order - 1] = b[order] * v - a[order] * w
        y[i] = w
    return y, z


def _padded(v, n, kind):
    y = np.zeros(n, kind)
    y[: v.shape[0]] = v
    return y


def _states(zi, x, axis, order):
    """zi, broadcast, as (rows, order)."""
    zi = np.asarray(zi)
    if zi.ndim != x.ndim:
        raise ValueError("The number of dimensions of x and zi must match")
    shape = [x.shape[d] for d in range(x.ndim)]
    shape[axis] = order
    for d in range(x.ndim):
        if zi.shape[d] != shape[d] and (d == axis or zi.shape[d] != 1):
            raise ValueError("Unexpected shape for parameter zi")
    return _as_rows(np.broadcast_to(zi, tuple(shape)), axis)


# binds: scipy.signal.lfilter
def lfilter(b, a, x, axis=-1, zi=None):
    b = _coefficients(b, "b")
    a = _coefficients(a, "a")
    x = np.asarray(x)
    if x.ndim == 0:
        raise ValueError("x must be at least 1-D")
    axis = _axis_of(axis, x.ndim)
    kind = np.result_type(b, a, x) if zi is None else np.result_type(b, a, x, zi)
    _check_kind(kind)
    if a[0] == 0:
        raise ValueError("First `a` filter coefficient must be non-zero.")
    taps = max(a.shape[0], b.shape[0])
    lead = a[0].astype(kind)
    rows = _as_rows(x, axis).astype(kind)
    n = rows.shape[1]
    y = np.empty(rows.shape, kind)
    if zi is not None:
        states = _states(zi, x, axis, taps - 1).astype(kind)
        last = np.empty((rows.shape[0], taps - 1), kind)
    if a.shape[0] == 1:
        # SciPy convolves here, which refuses what is empty; the recursion below does not.
        if n == 0:
            raise ValueError("v cannot be empty")
        if rows.shape[0] == 0:
            raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
        h = b.astype(kind) / lead
        if not np.iscomplexobj(b) and not np.iscomplexobj(a):
            # Real taps stay real under a complex signal: half the products.
            h = h.real
        for r in range(rows.shape[0]):
            if zi is None:
                y[r] = _pm.fir(rows[r], h, 1, 1, 0, n)
            else:
                whole = _pm.fir(rows[r], h, 1, 1, 0, n + taps - 1)
                whole[: taps - 1] = whole[: taps - 1] + states[r]
                y[r] = whole[:n]
                last[r] = whole[n:]
    else:
        p = _padded(b, taps, kind) / lead
        q = _padded(a, taps, kind) / lead
        for r in range(rows.shape[0]):
            start = np.zeros(taps - 1, kind) if zi is None else states[r]
            w, z = _iir_row(p, q, rows[r], start)
            y[r] = w
            if zi is not None:
                last[r] = z
    y = _from_rows(y, x.shape, axis)
    if zi is None:
        return y
    return y, _from_rows(last, x.shape, axis)


# binds: scipy.signal.lfilter_zi
def lfilter_zi(b, a):
    """State of the step response at rest: 1/a(1) times the sums the state equations ask for."""
    b = _coefficients(b, "b")
    a = _coefficients(a, "a")
    if not _pm.is_static(a[0] == 0):
        _pm.refuse("lfilter_zi of a denominator not known at translation time, whose leading zeros would be dropped")
    if np.all(a == 0):
        raise ValueError("There must be at least one nonzero `a` coefficient.")
    lead = 0
    while a[lead] == 0:
        lead += 1
    a = a[lead:]
    kind = np.result_type(b, a)
    if kind not in (np.float32, np.float64, np.complex64, np.complex128):
        kind = np.float64
    n = max(a.shape[0], b.shape[0])
    q = _padded(a, n, kind) / a[0].astype(kind)
    p = _padded(b, n, kind) / a[0].astype(kind)
    z = np.zeros(n - 1, kind)
    if n == 1:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    total = np.sum(q)
    z[0] = np.sum(p[1:] - q[1:] * p[0]) / total
    asum = np.ones(1, kind)
    csum = np.zeros(1, kind)
    for k in range(1, n - 1):
        asum[0] = asum[0] + q[k]
        csum[0] = csum[0] + p[k] - q[k] * p[0]
        z[k] = asum[0] * z[0] - csum[0]
    return z


# binds: scipy.signal.lfiltic
def lfiltic(b, a, y, x=None):
    b = _coefficients(b, "b")
    a = _coefficients(a, "a")
    y = np.asarray(y)
    kind = np.result_type(b, a, y) if x is None else np.result_type(b, a, y, x)
    if kind not in (np.float32, np.float64, np.complex64, np.complex128):
        kind = np.float64
    n = a.shape[0] - 1
    m = b.shape[0] - 1
    z = np.zeros(max(m, n), kind)
    if x is not None:
        u = np.asarray(x).astype(kind)
        for k in range(m):
            for i in range(min(m - k, u.shape[0])):
                z[k] = z[k] + b[k + 1 + i].astype(kind) * u[i]
    v = y.astype(kind)
    for k in range(n):
        for i in range(min(n - k, v.shape[0])):
            z[k] = z[k] - a[k + 1 + i].astype(kind) * v[i]
    if a[0] == 0:
        raise ValueError("First `a` filter coefficient must be non-zero.")
    return z / a[0].astype(kind)


def _sections(sos):
    sos = np.asarray(sos)
    if sos.ndim != 2:
        raise ValueError("sos array must be 2D")
    if sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if not np.all(sos[:, 3] == 1):
        raise ValueError("sos[:, 3] should be all ones")
    if np.iscomplexobj(sos):
        raise NotImplementedError("second-order sections with complex coefficients; use lfilter")
    return sos


# binds: scipy.signal.sosfilt
def sosfilt(sos, x, axis=-1, zi=None):
    sos = _sections(sos)
    x = np.asarray(x)
    if x.ndim == 0:
        raise ValueError("x must be at least 1D")
    axis = _axis_of(axis, x.ndim)
    kind = np.result_type(sos, x) if zi is None else np.result_type(sos, x, zi)
    _check_kind(kind)
    count = sos.shape[0]
    rows = _as_rows(x, axis).astype(kind)
    real = np.float32 if kind in (np.float32, np.complex64) else np.float64
    s = sos.astype(real)
    shape = [x.shape[d] for d in range(x.ndim)]
    shape[axis] = 2
    states = np.zeros((count, rows.shape[0], 2), kind)
    if zi is not None:
        zi = np.asarray(zi)
        if tuple(zi.shape) != (count,) + tuple(shape):
            raise ValueError("Invalid zi shape.")
        states[:, :, :] = _to_last(zi, axis + 1).reshape(count, rows.shape[0], 2)
    y = np.empty(rows.shape, kind)
    for r in range(rows.shape[0]):
        w, z = _pm.sosfilt(s, rows[r], states[:, r, :])
        y[r] = w
        states[:, r, :] = z
    y = _from_rows(y, x.shape, axis)
    if zi is None:
        return y
    return y, _from_rows(states.reshape(count * rows.shape[0], 2), (count,) + tuple(x.shape), axis + 1)


# binds: scipy.signal.sosfilt_zi
def sosfilt_zi(sos):
    sos = _sections(sos)
    kind = sos.dtype if sos.dtype in (np.float32, np.float64) else np.float64
    sos = sos.astype(kind)
    z = np.empty((sos.shape[0], 2), kind)
    gain = np.ones(1, kind)
    for k in range(sos.shape[0]):
        z[k] = gain[0] * lfilter_zi(sos[k, :3], sos[k, 3:])
        gain[0] = gain[0] * (np.sum(sos[k, :3]) / np.sum(sos[k, 3:]))
    return z


def _extended(rows, edge, padtype):
    """(rows, n) with `edge` points before and after."""
    n = rows.shape[1]
    if padtype is None or edge == 0:
        return rows
    if padtype == "constant":
        left = np.repeat(rows[:, :1], edge, axis=1)
        right = np.repeat(rows[:, n - 1 :], edge, axis=1)
    else:
        left = rows[:, 1 : edge + 1][:, ::-1]
        right = rows[:, n - 1 - edge : n - 1][:, ::-1]
        if padtype == "odd":
            left = 2 * rows[:, :1] - left
            right = 2 * rows[:, n - 1 :] - right
    return np.concatenate((left, rows, right), axis=1)


def _edge(padtype, padlen, n, taps):
    """How many points to add at each end."""
    if padtype not in ("even", "odd", "constant", None):
        raise ValueError(
            "Unknown value '%s' given to padtype. padtype must be 'even', 'odd', 'constant', or None." % (padtype,)
        )
    edge = 3 * taps if padlen is None else padlen
    if padtype is None:
        edge = 0
    if not _pm.is_static(edge):
        _pm.refuse("padlen must be known at translation time")
    if n <= edge:
        raise ValueError("The length of the input vector x must be greater than padlen, which is %d." % edge)
    return edge


# binds: scipy.signal.filtfilt
def filtfilt(b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    b = _coefficients(b, "b")
    a = _coefficients(a, "a")
    x = np.asarray(x)
    if method not in ("pad", "gust"):
        raise ValueError("method must be 'pad' or 'gust'.")
    if method == "gust":
        raise NotImplementedError("scipy.signal.filtfilt with method='gust'")
    axis = _axis_of(axis, x.ndim)
    edge = _edge(padtype, padlen, x.shape[axis], max(a.shape[0], b.shape[0]))
    ext = _extended(_as_rows(x, axis), edge, padtype)
    n = ext.shape[1]
    zi = lfilter_zi(b, a)
    y, _ = lfilter(b, a, ext, 1, zi * ext[:, :1])
    y, _ = lfilter(b, a, y[:, ::-1], 1, zi * y[:, n - 1 :])
    return _from_rows(y[:, ::-1][:, edge : n - edge], x.shape, axis)


def _sos_taps(sos):
    """The number of taps SciPy's default padding counts: sections without delay at both ends shorten it."""
    return 2 * sos.shape[0] + 1 - min(int(np.sum(sos[:, 2] == 0)), int(np.sum(sos[:, 5] == 0)))


# binds: scipy.signal.sosfiltfilt
def sosfiltfilt(sos, x, axis=-1, padtype="odd", padlen=None):
    sos = _sections(sos)
    x = np.asarray(x)
    axis = _axis_of(axis, x.ndim)
    if padlen is None and not _pm.is_static(sos):
        _pm.refuse("sosfiltfilt with sections not known at translation time needs padlen=")
    taps = _sos_taps(sos) if padlen is None else 0
    edge = _edge(padtype, padlen, x.shape[axis], taps)
    ext = _extended(_as_rows(x, axis), edge, padtype)
    n = ext.shape[1]
    z = sosfilt_zi(sos).reshape(sos.shape[0], 1, 2)
    y, _ = sosfilt(sos, ext, 1, z * ext[:, :1])
    y, _ = sosfilt(sos, y[:, ::-1], 1, z * y[:, n - 1 :])
    return _from_rows(y[:, ::-1][:, edge : n - edge], x.shape, axis)


def _break_points(bp, n):
    """The ends of the stretches between break points."""
    if np.any(np.asarray(bp) > n):
        raise ValueError("Breakpoints must be less than length of data along given axis.")
    return [int(k) for k in np.unique(np.concatenate((np.zeros(1, np.int64), np.atleast_1d(bp), np.full(1, n))))]


# binds: scipy.signal.detrend
def detrend(data, axis=-1, type="linear", bp=0, overwrite_data=False):
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError("Trend type must be 'linear' or 'constant'.")
    x = np.asarray(data)
    axis = _axis_of(axis, x.ndim)
    kind = x.dtype if x.dtype in (np.float32, np.float64, np.complex64, np.complex128) else np.float64
    rows = _as_rows(x, axis).astype(kind)
    n = rows.shape[1]
    y = np.empty(rows.shape, kind)
    if type in ("constant", "c"):
        for r in range(rows.shape[0]):
            y[r] = rows[r] - np.sum(rows[r]) / n
        return _from_rows(y, x.shape, axis)
    if not _pm.is_static(n):
        _pm.refuse("a linear trend over a length not known at translation time")
    ends = _break_points(bp, n)
    real = np.float32 if kind in (np.float32, np.complex64) else np.float64
    for r in range(rows.shape[0]):
        for k in range(len(ends) - 1):
            first = ends[k]
            count = ends[k + 1] - ends[k]
            part = rows[r, first : first + count]
            # Centred, the slope and the mean are found apart from each other.
            t = (np.arange(count) - 0.5 * (count - 1)).astype(real)
            level = np.sum(part) / count
            part = part - level
            if count > 1:
                part = part - t * (np.sum(t * part) / real(count * (count * count - 1) / 12.0))
            y[r, first : first + count] = part
    return _from_rows(y, x.shape, axis)


# binds: scipy.signal.medfilt
def medfilt(volume, kernel_size=None):
    x = np.asarray(volume)
    if x.ndim != 1:
        raise NotImplementedError("scipy.signal.medfilt of %d-dimensional data" % x.ndim)
    if np.iscomplexobj(x) or x.dtype == np.bool_:
        raise ValueError("dtype=%s is not supported by medfilt" % (x.dtype,))
    size = 3 if kernel_size is None else kernel_size
    if not isinstance(size, int):
        size = int(_product(np.atleast_1d(size)))
    if size % 2 == 0:
        raise ValueError("Each element of kernel_size should be odd.")
    n = x.shape[0]
    half = size // 2
    ext = np.concatenate((np.zeros(half, x.dtype), x, np.zeros(half, x.dtype)))
    y = np.empty(n, x.dtype)
    for i in range(n):
        y[i] = np.sort(ext[i : i + size])[half]
    return y
