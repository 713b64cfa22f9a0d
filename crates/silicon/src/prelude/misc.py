"""Interpolation, phase unwrapping, bit packing, function application and iteration helpers."""

import numpy as np

from reductions import _as_float, _at, _axis
from sets import searchsorted


# binds: numpy.interp
def interp(x, xp, fp, left=None, right=None, period=None):
    """Piecewise linear interpolation at x of the points (xp, fp), xp ascending; outside, the end values or left/right."""
    t = np.asarray(x).astype(np.float64)
    g = np.asarray(xp).astype(np.float64)
    f = np.asarray(fp)
    f = f.astype(np.complex128) if np.iscomplexobj(f) else f.astype(np.float64)
    if g.ndim != 1 or f.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if g.shape[0] != f.shape[0]:
        raise ValueError("fp and xp are not of the same length.")
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        p = abs(period)
        t = t % p
        g = g % p
        order = np.argsort(g, kind="stable")
        g = g[order]
        f = f[order]
        n = g.shape[0]
        g = np.concatenate((g[n - 1 : n] - p, g, g[0:1] + p))
        f = np.concatenate((f[n - 1 : n], f, f[0:1]))
    n = g.shape[0]
    if n == 0:
        raise ValueError("array of sample points is empty")
    low = f[0] if left is None or period is not None else left
    high = f[n - 1] if right is None or period is not None else right
    if n == 1:
        return np.where(t < g[0], low, np.where(t > g[0], high, f[0]))
    i = np.minimum(np.maximum(searchsorted(g, t, "right") - 1, 0), n - 2)
    slope = (f[i + 1] - f[i]) / (g[i + 1] - g[i])
    r = slope * (t - g[i]) + f[i]
    # at a step or next to an infinity, a NaN from the left may be a number from the right, or a flat stretch
    back = slope * (t - g[i + 1]) + f[i + 1]
    r = np.where(np.isnan(r), np.where(np.isnan(back) & (f[i] == f[i + 1]), f[i], back), r)
    r = np.where(t == g[i], f[i], r)
    r = np.where(t == g[n - 1], f[n - 1], r)
    r = np.where(t < g[0], low, np.where(t > g[n - 1], high, r))
    return np.where(np.isnan(t), t, r)


# binds: numpy.unwrap
def unwrap(p, discont=None, axis=-1, period=6.283185307179586):
    """Phase with jumps beyond half a period (or discont, if larger) taken out along an axis."""
    x = np.asarray(p)
    if period == 6.283185307179586 or isinstance(period, float):
        x = _as_float(x)
    elif x.dtype != np.float64 and x.dtype != np.float32:
        raise NotImplementedError("unwrap: an integer period of integer data")
    ax = _axis(axis, x.ndim)
    n = x.shape[ax]
    half = period / 2
    limit = half if discont is None else discont
    d = x[_at(x.ndim, ax, slice(1, n))] - x[_at(x.ndim, ax, slice(0, max(n - 1, 0)))]
    m = (d + half) % period - half
    m = np.where((m == -half) & (d > 0), np.full_like(m, half), m)
    c = np.where(np.abs(d) < limit, np.zeros_like(d), m - d)
    first = x[_at(x.ndim, ax, slice(0, 1))]
    rest = x[_at(x.ndim, ax, slice(1, n))] + np.cumsum(c, axis=ax)
    return np.concatenate((first, rest), axis=ax)


# binds: numpy.packbits
def packbits(a, axis=None, bitorder="big"):
    """Eight nonzero-or-zero values per byte, the first in the highest bit ('big') or the lowest ('little'); zeros fill up."""
    if bitorder != "big" and bitorder != "little":
        raise ValueError("'order' must be either 'little' or 'big'")
    x = np.asarray(a)
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    b = (x != 0).astype(np.uint8)
    b = np.moveaxis(b, ax, -1)
    n = b.shape[-1]
    m = (n + 7) // 8
    full = np.zeros(b.shape[:-1] + (m * 8,), dtype=np.uint8)
    full[..., :n] = b
    r = np.zeros(b.shape[:-1] + (m,), dtype=np.uint8)
    for k in range(8):
        r = r | (full[..., k::8] << (7 - k if bitorder == "big" else k))
    return np.moveaxis(r, -1, ax)


# binds: numpy.unpackbits
def unpackbits(a, axis=None, count=None, bitorder="big"):
    """The bits of bytes as zeros and ones; `count` keeps that many."""
    if bitorder != "big" and bitorder != "little":
        raise ValueError("'order' must be either 'little' or 'big'")
    x = np.asarray(a)
    if x.dtype != np.uint8:
        raise TypeError("Expected an input array of unsigned byte data type")
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    x = np.moveaxis(x, ax, -1)
    n = x.shape[-1]
    r = np.zeros(x.shape[:-1] + (n * 8,), dtype=np.uint8)
    for k in range(8):
        r[..., k::8] = (x >> (7 - k if bitorder == "big" else k)) & 1
    if count is not None:
        if count > n * 8:
            r = np.concatenate((r, np.zeros(x.shape[:-1] + (count - n * 8,), dtype=np.uint8)), axis=-1)
        elif count >= 0:
            r = r[..., :count]
        else:
            r = r[..., : n * 8 + count]
    return np.moveaxis(r, -1, ax)


# binds: numpy.apply_along_axis
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """func1d on each one-dimensional slice along the axis of a vector or matrix."""
    x = np.asarray(arr)
    ax = _axis(axis, x.ndim)
    if x.ndim == 1:
        return np.asarray(func1d(x, *args, **kwargs))
    if x.ndim != 2:
        raise NotImplementedError("apply_along_axis: vectors and matrices only")
    rows = x if ax == 1 else np.transpose(x)
    first = np.asarray(func1d(rows[0], *args, **kwargs))
    if first.ndim > 1:
        raise NotImplementedError("apply_along_axis: the function must return a number or a vector")
    out = np.zeros((rows.shape[0],) + first.shape, dtype=first.dtype)
    out[0] = first
    for i in range(1, rows.shape[0]):
        out[i] = func1d(rows[i], *args, **kwargs)
    if ax == 0 and out.ndim == 2:
        return np.transpose(out)
    return out


# binds: numpy.ndindex
def ndindex(*shape):
    """All index tuples of a static shape, last axis fastest."""
    dims = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    index = [()]
    for d in dims:
        index = [head + (i,) for head in index for i in range(d)]
    return index


# binds: numpy.ndenumerate
def ndenumerate(arr):
    """(index tuple, element) pairs; static shape."""
    x = np.asarray(arr)
    return [(i, x[i]) for i in ndindex(x.shape)]


# binds: numpy.cumulative_sum
def cumulative_sum(x, axis=None):
    """cumsum of the array API: axis may be left out only for vectors."""
    v = np.asarray(x)
    if axis is None:
        if v.ndim != 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        return np.cumsum(v, axis=0)
    return np.cumsum(v, axis=axis)


# binds: numpy.nancumsum
def nancumsum(a, axis=None):
    """cumsum with NaN as zero."""
    x = _as_float(np.asarray(a))
    return np.cumsum(np.where(np.isnan(x), np.zeros_like(x), x), axis=axis)
