"""Statistics and reductions beyond the native sum, prod, min, max, any, all, argmin, argmax, cumsum, cumprod.

Shapes, defaults and result types follow NumPy 2. `axis` is None, an int or a tuple of ints and must be static. Sums are the native
`sum`, whose lane order the golden model defines, so float results agree with NumPy to the rounding of a reassociated sum.
"""

import numpy as np


def _axes(axis, ndim):
    """The axes as a tuple of non-negative ints."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple):
        axes = tuple([a + ndim if a < 0 else a for a in axis])
    else:
        axes = (axis + ndim if axis < 0 else axis,)
    for a in axes:
        if a < 0 or a >= ndim:
            raise ValueError("axis is out of bounds for the array's dimension")
    return axes


def _axis(axis, ndim):
    """One axis as a non-negative int."""
    a = axis + ndim if axis < 0 else axis
    if a < 0 or a >= ndim:
        raise ValueError("axis is out of bounds for the array's dimension")
    return a


def _at(ndim, axis, index):
    """An index tuple that is `index` on one axis and a full slice on the others."""
    return (slice(None),) * axis + (index,) + (slice(None),) * (ndim - axis - 1)


def _count(shape, axes):
    n = 1
    for a in axes:
        n = n * shape[a]
    return n


def _is_float(x):
    """True for a real or complex floating-point array (static)."""
    return x.dtype == np.float64 or x.dtype == np.float32 or np.iscomplexobj(x)


def _as_float(x):
    """Integers and booleans as float64; floats unchanged."""
    if _is_float(x):
        return x
    return x.astype(np.float64)


# binds: numpy.mean
def mean(a, axis=None, dtype=None, keepdims=False):
    """Arithmetic mean; integers and booleans give float64."""
    x = np.asarray(a)
    if dtype is not None:
        x = x.astype(dtype)
    x = _as_float(x)
    return np.sum(x, axis=axis, keepdims=keepdims) / _count(x.shape, _axes(axis, x.ndim))


# binds: numpy.var
def var(a, axis=None, dtype=None, ddof=0, keepdims=False):
    """Variance: mean squared magnitude of the deviation, divided by n - ddof."""
    x = np.asarray(a)
    if dtype is not None:
        x = x.astype(dtype)
    x = _as_float(x)
    n = _count(x.shape, _axes(axis, x.ndim))
    d = x - np.sum(x, axis=axis, keepdims=True) / n
    if np.iscomplexobj(x):
        p = d.real * d.real + d.imag * d.imag
    else:
        p = d * d
    return np.sum(p, axis=axis, keepdims=keepdims) / max(n - ddof, 0)


# binds: numpy.std
def std(a, axis=None, dtype=None, ddof=0, keepdims=False):
    """Standard deviation: the square root of var."""
    return np.sqrt(var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims))


# binds: numpy.average
def average(a, axis=None, weights=None, keepdims=False):
    """Weighted mean; weights have the shape of `a`, or are 1-D along `axis`."""
    x = np.asarray(a)
    if weights is None:
        return mean(x, axis=axis, keepdims=keepdims)
    w = np.asarray(weights)
    if x.shape != w.shape:
        if axis is None:
            raise ValueError("Axis must be specified when shapes of a and weights differ.")
        ax = _axis(axis, x.ndim)
        if w.ndim != 1 or w.shape[0] != x.shape[ax]:
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        w = np.reshape(w, (1,) * ax + (w.shape[0],) + (1,) * (x.ndim - ax - 1))
        w = np.broadcast_to(w, x.shape)
    w = _as_float(w)
    total = np.sum(w, axis=axis, keepdims=keepdims)
    if np.any(total == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return np.sum(x * w, axis=axis, keepdims=keepdims) / total


def _last(x, axis):
    """x with the reduced axis last: all elements when axis is None."""
    if axis is None:
        return np.reshape(x, (x.size,))
    ax = _axis(axis, x.ndim)
    order = tuple([i for i in range(x.ndim) if i != ax]) + (ax,)
    return np.transpose(x, order)


def _kept(r, x, axis, keepdims):
    """r, the reduction of x, with axes of length one put back when asked."""
    if not keepdims:
        return r
    if axis is None:
        return np.reshape(r, (1,) * x.ndim)
    return np.expand_dims(r, _axis(axis, x.ndim))


# binds: numpy.median
def median(a, axis=None, keepdims=False):
    """Median along one axis or of all elements; NaN where a NaN takes part."""
    x = np.asarray(a)
    if np.iscomplexobj(x):
        raise NotImplementedError("median of complex values has no order that signal code relies on")
    s = np.sort(_last(_as_float(x), axis), axis=-1)
    n = s.shape[-1]
    if n == 0:
        raise ValueError("median of an empty array")
    if n % 2 == 1:
        r = s[..., n // 2]
    else:
        r = (s[..., n // 2 - 1] + s[..., n // 2]) / 2
    r = np.where(np.isnan(s[..., n - 1]), s[..., n - 1], r)
    return _kept(r, x, axis, keepdims)


def _lerp(a, b, t):
    """Linear interpolation, exact at both ends, as NumPy's quantiles do it."""
    d = b - a
    return np.where(t >= 0.5, b - d * (1 - t), a + d * t)


# binds: numpy.quantile
def quantile(a, q, axis=None, method="linear", keepdims=False):
    """Quantile by linear interpolation between order statistics; q a number or 1-D in 0..1."""
    if method != "linear":
        raise NotImplementedError("quantile and percentile: only method='linear'")
    x = np.asarray(a)
    s = np.sort(_last(_as_float(x), axis), axis=-1)
    n = s.shape[-1]
    if n == 0:
        raise ValueError("quantile of an empty array")
    qs = np.asarray(q)
    if isinstance(q, (int, float)) and not isinstance(q, np.generic) and np.asarray(a).dtype == np.float32:
        qs = qs.astype(np.float32)
    if qs.ndim > 1:
        raise NotImplementedError("quantile and percentile: q must be a number or one-dimensional")
    if np.any(qs < 0) or np.any(qs > 1):
        raise ValueError("Quantiles must be in the range [0, 1]")
    v = qs * (n - 1)
    lo = np.floor(v).astype(np.int64)
    hi = np.minimum(lo + 1, n - 1)
    t = v - lo.astype(v.dtype)
    if qs.ndim == 0:
        i = int(lo)
        j = int(hi)
        r = _lerp(s[..., i], s[..., j], t)
        r = np.where(np.isnan(s[..., n - 1]), s[..., n - 1], r)
        return _kept(r, x, axis, keepdims)
    if keepdims:
        raise NotImplementedError("quantile and percentile: keepdims together with several q")
    r = _lerp(s[..., lo], s[..., hi], t)
    r = np.where(np.isnan(s[..., n - 1 : n]), s[..., n - 1 : n], r)
    return np.transpose(r, (r.ndim - 1,) + tuple(range(r.ndim - 1)))


# binds: numpy.percentile
def percentile(a, q, axis=None, method="linear", keepdims=False):
    """Percentile by linear interpolation; q in 0..100."""
    qs = np.asarray(q)
    if np.any(qs < 0) or np.any(qs > 100):
        raise ValueError("Percentiles must be in the range [0, 100]")
    if isinstance(q, (int, float)) and not isinstance(q, np.generic) and np.asarray(a).dtype == np.float32:
        qs = qs.astype(np.float32)
    return quantile(a, qs / 100, axis=axis, method=method, keepdims=keepdims)


# binds: numpy.ptp
def ptp(a, axis=None, keepdims=False):
    """Peak to peak: max - min."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def _edge(value, x, axis):
    """A value to put before or after x: a number becomes one layer of it."""
    v = np.asarray(value)
    if v.ndim > 0:
        return v
    shape = list(x.shape)
    shape[axis] = 1
    return np.broadcast_to(v, tuple(shape))


# binds: numpy.diff
def diff(a, n=1, axis=-1, prepend=None, append=None):
    """n-th difference along an axis, with values put before and after first; booleans differ by not-equal."""
    x = np.asarray(a)
    if n < 0:
        raise ValueError("order must be non-negative")
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    ax = _axis(axis, x.ndim)
    if prepend is not None or append is not None:
        parts = [x]
        if prepend is not None:
            parts = [_edge(prepend, x, ax)] + parts
        if append is not None:
            parts = parts + [_edge(append, x, ax)]
        x = np.concatenate(parts, ax)
    for _ in range(n):
        m = x.shape[ax]
        late = x[_at(x.ndim, ax, slice(1, m))]
        early = x[_at(x.ndim, ax, slice(0, max(m - 1, 0)))]
        if x.dtype == np.bool_:
            x = late != early
        else:
            x = late - early
    return x


# binds: numpy.ediff1d
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of the flattened array, with optional values before and after."""
    x = np.ravel(ary)
    d = x[1:] - x[:-1]
    if to_begin is not None:
        d = np.concatenate((np.ravel(to_begin).astype(d.dtype), d))
    if to_end is not None:
        d = np.concatenate((d, np.ravel(to_end).astype(d.dtype)))
    return d


# binds: numpy.count_nonzero
def count_nonzero(a, axis=None, keepdims=False):
    """Number of elements that are not zero (True, not 0)."""
    x = np.asarray(a)
    return np.sum((x != 0).astype(np.int64), axis=axis, keepdims=keepdims)


# binds: numpy.nansum
def nansum(a, axis=None, keepdims=False):
    """Sum with NaN as zero."""
    x = np.asarray(a)
    if not _is_float(x):
        return np.sum(x, axis=axis, keepdims=keepdims)
    return np.sum(np.where(np.isnan(x), np.zeros_like(x), x), axis=axis, keepdims=keepdims)


# binds: numpy.nanmean
def nanmean(a, axis=None, keepdims=False):
    """Mean of the elements that are not NaN; NaN where there is none."""
    x = _as_float(np.asarray(a))
    n = np.sum((~np.isnan(x)).astype(x.real.dtype), axis=axis, keepdims=keepdims)
    return nansum(x, axis=axis, keepdims=keepdims) / n


# binds: numpy.nanprod
def nanprod(a, axis=None, keepdims=False):
    """Product with NaN as one."""
    x = np.asarray(a)
    if not _is_float(x):
        return np.prod(x, axis=axis, keepdims=keepdims)
    return np.prod(np.where(np.isnan(x), np.ones_like(x), x), axis=axis, keepdims=keepdims)


# binds: numpy.nanmedian
def nanmedian(a, axis=None, keepdims=False):
    """Median of the elements that are not NaN; NaN where there is none."""
    x = _as_float(np.asarray(a))
    if np.iscomplexobj(x):
        raise NotImplementedError("nanmedian of complex values")
    along = x.ndim > 1 and axis is not None
    s = np.sort(_last(x, axis), axis=-1)
    m = s.shape[-1]
    count = 1
    for d in s.shape[:-1]:
        count *= d
    rows = np.reshape(s, (count, m))
    r = np.full(rows.shape[0], np.nan, dtype=x.dtype)
    for i in range(rows.shape[0]):
        n = int(np.sum((~np.isnan(rows[i])).astype(np.int64)))
        if n % 2 == 1 and not (along and m < 600):
            r[i] = rows[i, n // 2]
        elif n > 0:
            # along an axis NumPy adds the middle element to itself (np.ma.median), which may overflow
            r[i] = (rows[i, (n - 1) // 2] + rows[i, n // 2]) / 2
    r = np.reshape(r, s.shape[:-1])
    if r.ndim == 0:
        return _kept(r[()], x, axis, keepdims)
    return _kept(r, x, axis, keepdims)


# binds: numpy.nanvar
def nanvar(a, axis=None, ddof=0, keepdims=False):
    """Variance of the elements that are not NaN."""
    x = _as_float(np.asarray(a))
    if np.iscomplexobj(x):
        raise NotImplementedError("nanvar of complex values")
    ok = ~np.isnan(x)
    n = np.sum(ok.astype(x.dtype), axis=axis, keepdims=True)
    d = np.where(ok, x - nansum(x, axis=axis, keepdims=True) / n, np.zeros_like(x))
    count = np.sum(ok.astype(x.dtype), axis=axis, keepdims=keepdims)
    left = count - ddof
    v = np.sum(d * d, axis=axis, keepdims=keepdims) / left
    return np.where(left > 0, v, np.full_like(v, np.nan))


# binds: numpy.nanstd
def nanstd(a, axis=None, ddof=0, keepdims=False):
    """Standard deviation of the elements that are not NaN."""
    return np.sqrt(nanvar(a, axis=axis, ddof=ddof, keepdims=keepdims))


# binds: numpy.nanmax
def nanmax(a, axis=None, keepdims=False):
    """Maximum of the elements that are not NaN; NaN where there is none."""
    x = np.asarray(a)
    if not _is_float(x):
        return np.max(x, axis=axis, keepdims=keepdims)
    if np.iscomplexobj(x):
        raise NotImplementedError("nanmax of complex values")
    bad = np.isnan(x)
    m = np.max(np.where(bad, np.full_like(x, -np.inf), x), axis=axis, keepdims=keepdims)
    return np.where(np.all(bad, axis=axis, keepdims=keepdims), np.full_like(m, np.nan), m)


# binds: numpy.nanmin
def nanmin(a, axis=None, keepdims=False):
    """Minimum of the elements that are not NaN; NaN where there is none."""
    x = np.asarray(a)
    if not _is_float(x):
        return np.min(x, axis=axis, keepdims=keepdims)
    if np.iscomplexobj(x):
        raise NotImplementedError("nanmin of complex values")
    bad = np.isnan(x)
    m = np.min(np.where(bad, np.full_like(x, np.inf), x), axis=axis, keepdims=keepdims)
    return np.where(np.all(bad, axis=axis, keepdims=keepdims), np.full_like(m, np.nan), m)


# binds: numpy.cov
def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    """Covariance matrix: each row a variable, each column an observation (or the reverse with rowvar=False)."""
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate((x, _variables(y, rowvar)), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    d = x - mean(x, axis=1, keepdims=True)
    if np.iscomplexobj(d):
        c = np.dot(d, np.transpose(np.conj(d)))
    else:
        c = np.dot(d, np.transpose(d))
    c = c / max(x.shape[1] - ddof, 0)
    if c.shape[0] == 1:
        return c[0, 0]
    return c


def _variables(m, rowvar):
    x = np.asarray(m)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    if x.dtype == np.float32:
        x = x.astype(np.float64)
    elif x.dtype == np.complex64:
        x = x.astype(np.complex128)
    x = _as_float(x)
    if x.ndim == 1:
        return np.reshape(x, (1, x.shape[0]))
    if not rowvar and x.shape[0] != 1:
        return np.transpose(x)
    return x


# binds: numpy.corrcoef
def corrcoef(x, y=None, rowvar=True):
    """Pearson correlation coefficients, clipped to -1..1."""
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    n = c.shape[0]
    d = np.sqrt(np.real(c[np.arange(n), np.arange(n)]))
    r = c / np.reshape(d, (n, 1)) / np.reshape(d, (1, n))
    if np.iscomplexobj(r):
        return np.clip(r.real, -1, 1) + 1j * np.clip(r.imag, -1, 1)
    return np.minimum(np.maximum(r, -1), 1)


# binds: numpy.gradient
def gradient(f, *varargs, axis=None, edge_order=1):
    """Second-order central differences inside, one-sided at the ends; spacing a number or coordinates. One axis only."""
    x = _as_float(np.asarray(f))
    if x.ndim != 1 and axis is None:
        raise NotImplementedError("gradient over several axes at once: pass axis=")
    ax = _axis(0 if axis is None else axis, x.ndim)
    n = x.shape[ax]
    if n < edge_order + 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required.")
    if edge_order != 1 and edge_order != 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    if len(varargs) > 1:
        raise TypeError("invalid number of arguments")
    d = x.ndim
    left = x[_at(d, ax, slice(0, n - 2))]
    mid = x[_at(d, ax, slice(1, n - 1))]
    right = x[_at(d, ax, slice(2, n))]
    first = x[_at(d, ax, slice(0, 1))]
    second = x[_at(d, ax, slice(1, 2))]
    last = x[_at(d, ax, slice(n - 1, n))]
    before = x[_at(d, ax, slice(n - 2, n - 1))]
    spaced = False
    if len(varargs) == 1:
        spaced = np.ndim(varargs[0]) > 0
    if spaced:
        h = diff(_as_float(np.asarray(varargs[0])))
        if h.shape[0] != n - 1:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        shape = (1,) * ax + (n - 2,) + (1,) * (d - ax - 1)
        h1 = np.reshape(h[:-1], shape)
        h2 = np.reshape(h[1:], shape)
        inner = -h2 / (h1 * (h1 + h2)) * left + (h2 - h1) / (h1 * h2) * mid + h1 / (h2 * (h1 + h2)) * right
        ha = h[0]
        hz = h[n - 2]
    else:
        ha = varargs[0] if len(varargs) == 1 else 1.0
        hz = ha
        inner = (right - left) / (2.0 * ha)
    if edge_order == 1:
        begin = (second - first) / ha
        end = (last - before) / hz
    elif spaced:
        p = h[0]
        q = h[1]
        third = x[_at(d, ax, slice(2, 3))]
        begin = -(2.0 * p + q) / (p * (p + q)) * first + (p + q) / (p * q) * second - p / (q * (p + q)) * third
        p = h[n - 3]
        q = h[n - 2]
        third = x[_at(d, ax, slice(n - 3, n - 2))]
        end = q / (p * (p + q)) * third - (q + p) / (p * q) * before + (2.0 * q + p) / (q * (p + q)) * last
    else:
        begin = -1.5 / ha * first + 2.0 / ha * second - 0.5 / ha * x[_at(d, ax, slice(2, 3))]
        end = 0.5 / ha * x[_at(d, ax, slice(n - 3, n - 2))] - 2.0 / ha * before + 1.5 / ha * last
    return np.concatenate((begin, inner, end), axis=ax).astype(x.dtype)


# binds: numpy.trapezoid, numpy.trapz, scipy.integrate.trapezoid
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Integral by the trapezoidal rule; x one-dimensional along `axis`, or dx."""
    v = np.asarray(y)
    ax = _axis(axis, v.ndim)
    n = v.shape[ax]
    late = v[_at(v.ndim, ax, slice(1, n))]
    early = v[_at(v.ndim, ax, slice(0, n - 1))]
    if x is None:
        return np.sum(dx * (late + early) / 2.0, axis=ax)
    g = np.asarray(x)
    if g.ndim == 1:
        d = np.reshape(diff(g), (1,) * ax + (n - 1,) + (1,) * (v.ndim - ax - 1))
    else:
        d = diff(g, axis=ax)
    return np.sum(d * (late + early) / 2.0, axis=ax)
