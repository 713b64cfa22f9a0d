"""Filters of a sliding window along one axis: `scipy.ndimage`'s and Savitzky-Golay.

scipy.ndimage computes in double precision and stores the result in the input's type; integers are cut off
towards zero. So does this.
"""

import numpy as np
import scipy.signal

import _pm
from axes import _as_rows, _axis_of, _from_rows

MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-constant", "grid-mirror", "grid-wrap")


def _outside(k, n, mode):
    """The index that stands for k outside 0..n-1, or -1 for the constant."""
    if mode in ("constant", "grid-constant"):
        return k if 0 <= k < n else -1
    if mode == "nearest":
        return min(max(k, 0), n - 1)
    if mode in ("wrap", "grid-wrap"):
        return k % n
    if mode == "mirror":
        if n == 1:
            return 0
        k = k % (2 * n - 2)
        return k if k < n else 2 * n - 2 - k
    k = k % (2 * n)
    return k if k < n else 2 * n - 1 - k


def _gather(n, before, after, mode):
    """(index, inside): where each point of the extended row comes from."""
    at = [_outside(k, n, mode) for k in range(-before, n + after)]
    return np.array([max(k, 0) for k in at], np.int64), np.array([k >= 0 for k in at])


def _extend(row, before, after, mode, cval):
    """The row with points before and after by the boundary rule."""
    if mode not in MODES:
        raise RuntimeError("boundary mode not supported")
    if not _pm.is_static(row.shape[0]):
        _pm.refuse("a scipy.ndimage filter over a length not known at translation time")
    index, inside = _gather(row.shape[0], before, after, mode)
    y = np.take(row, index)
    if mode in ("constant", "grid-constant"):
        y = np.where(inside, y, np.full(1, cval).astype(row.dtype))
    return y


def _check(input, output):
    if output is not None:
        raise NotImplementedError("the output= argument of scipy.ndimage; assign the result instead")
    x = np.asarray(input)
    if x.ndim == 0:
        raise RuntimeError("input array must have at least one dimension")
    if x.dtype == np.bool_:
        raise NotImplementedError("scipy.ndimage filters of boolean arrays")
    return x


def _shifted(size, origin):
    """The window's reach before its centre."""
    if size // 2 + origin < 0 or size // 2 + origin >= size:
        raise ValueError("invalid origin")
    return size // 2 + origin


def _weighted(input, weights, axis, output, mode, cval, origin, divide):
    """Correlation with the weights, reaching size//2 + origin points back."""
    x = _check(input, output)
    axis = _axis_of(axis, x.ndim)
    size = weights.shape[0]
    back = _shifted(size, origin)
    wide = np.complex128 if np.iscomplexobj(x) or np.iscomplexobj(weights) else np.float64
    kind = x.dtype
    if np.iscomplexobj(weights) and not np.iscomplexobj(x):
        kind = np.result_type(x.dtype, np.complex64)
    h = weights[::-1].astype(np.complex128 if np.iscomplexobj(weights) else np.float64)
    rows = _as_rows(x, axis).astype(wide)
    n = rows.shape[1]
    y = np.empty(rows.shape, kind)
    for r in range(rows.shape[0]):
        ext = _extend(rows[r], back, size - 1 - back, mode, cval)
        y[r] = (_pm.fir(ext, h, 1, 1, size - 1, n) / divide).astype(kind)
    return _from_rows(y, x.shape, axis)


def _weights(weights):
    w = np.asarray(weights)
    if w.ndim != 1 or w.shape[0] < 1:
        raise RuntimeError("no filter weights given")
    return w


# binds: scipy.ndimage.correlate1d
def correlate1d(input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    return _weighted(input, _weights(weights), axis, output, mode, cval, origin, 1.0)


# binds: scipy.ndimage.convolve1d
def convolve1d(input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    w = _weights(weights)
    shift = -origin
    if w.shape[0] % 2 == 0:
        shift -= 1
    return _weighted(input, w[::-1], axis, output, mode, cval, shift, 1.0)


# binds: scipy.ndimage.uniform_filter1d
def uniform_filter1d(input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    if size < 1:
        raise RuntimeError("incorrect filter size")
    return _weighted(input, np.ones(size), axis, output, mode, cval, origin, float(size))


def _gaussian(sigma, radius):
    t = np.arange(-radius, radius + 1)
    w = np.exp(-0.5 / (sigma * sigma) * t**2)
    return w / w.sum()


# binds: scipy.ndimage.gaussian_filter1d
def gaussian_filter1d(input, sigma, axis=-1, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, radius=None):
    if order != 0:
        raise NotImplementedError("scipy.ndimage.gaussian_filter1d of a derivative (order > 0)")
    reach = int(truncate * float(sigma) + 0.5) if radius is None else radius
    return _weighted(input, _gaussian(float(sigma), reach), axis, output, mode, cval, 0, 1.0)


def _extreme(input, size, axis, output, mode, cval, origin, largest):
    x = _check(input, output)
    if np.iscomplexobj(x):
        raise TypeError("Complex type not supported")
    if size < 1:
        raise RuntimeError("incorrect filter size")
    axis = _axis_of(axis, x.ndim)
    back = _shifted(size, origin)
    rows = _as_rows(x, axis)
    n = rows.shape[1]
    y = np.empty(rows.shape, x.dtype)
    for r in range(rows.shape[0]):
        ext = _extend(rows[r], back, size - 1 - back, mode, cval)
        best = ext[:n]
        for k in range(1, size):
            if largest:
                best = np.maximum(best, ext[k : k + n])
            else:
                best = np.minimum(best, ext[k : k + n])
        y[r] = best
    return _from_rows(y, x.shape, axis)


# binds: scipy.ndimage.maximum_filter1d
def maximum_filter1d(input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    return _extreme(input, size, axis, output, mode, cval, origin, True)


# binds: scipy.ndimage.minimum_filter1d
def minimum_filter1d(input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    return _extreme(input, size, axis, output, mode, cval, origin, False)


# binds: scipy.ndimage.median_filter
def median_filter(input, size=None, footprint=None, output=None, mode="reflect", cval=0.0, origin=0, axes=None):
    x = _check(input, output)
    if footprint is not None or axes is not None:
        raise NotImplementedError("scipy.ndimage.median_filter with a footprint or axes")
    if x.ndim != 1:
        raise NotImplementedError("scipy.ndimage.median_filter of %d-dimensional data" % x.ndim)
    if size is None:
        raise RuntimeError("no footprint or filter size provided")
    if np.iscomplexobj(x):
        raise TypeError("Complex type not supported")
    size = size if isinstance(size, int) else size[0]
    back = _shifted(size, origin)
    n = x.shape[0]
    if not _pm.is_static(n) or size > n:
        raise NotImplementedError("scipy.ndimage.median_filter with a window longer than the data")
    ext = _extend(x, back, size - 1 - back, mode, cval)
    y = np.empty(n, x.dtype)
    for i in range(n):
        y[i] = np.sort(ext[i : i + size])[size // 2]
    return y


def _edge_fit(window, polyorder, deriv, delta, first):
    """The matrix that fits a polynomial to `window` points and evaluates its derivative at the first or last half."""
    half = window // 2
    t = np.arange(window, dtype=np.float64)
    at = t[:half] if first else t[window - half :]
    middle = 0.5 * (window - 1)
    fit = np.linalg.pinv(np.vander((t - middle) / window, polyorder + 1, increasing=True))
    rows = np.zeros((half, polyorder + 1))
    for k in range(deriv, polyorder + 1):
        f = 1.0
        for j in range(deriv):
            f *= k - j
        rows[:, k] = f * ((at - middle) / window) ** (k - deriv)
    return rows @ fit / (window * delta) ** deriv


# binds: scipy.signal.savgol_filter
def savgol_filter(x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode="interp", cval=0.0):
    if mode not in ("mirror", "constant", "nearest", "interp", "wrap"):
        raise ValueError("mode must be 'mirror', 'constant', 'nearest' 'wrap' or 'interp'.")
    x = np.asarray(x)
    if np.iscomplexobj(x):
        raise NotImplementedError("scipy.signal.savgol_filter of complex data; filter real and imaginary part apart")
    kind = np.float32 if x.dtype == np.float32 else np.float64
    x = x.astype(kind)
    axis = _axis_of(axis, x.ndim)
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    if mode != "interp":
        return convolve1d(x, weights, axis, None, mode, cval)
    n = x.shape[axis]
    if window_length > n:
        raise ValueError("If mode is 'interp', window_length must be less than or equal to the size of x.")
    rows = _as_rows(x, axis)
    y = _as_rows(convolve1d(x, weights, axis, None, "constant"), axis).copy()
    half = window_length // 2
    if half > 0:
        first = _edge_fit(window_length, polyorder, deriv, delta, True)
        last = _edge_fit(window_length, polyorder, deriv, delta, False)
        for r in range(rows.shape[0]):
            wide = rows[r].astype(np.float64)
            y[r, :half] = (first @ wide[:window_length]).astype(kind)
            y[r, n - half :] = (last @ wide[n - window_length :]).astype(kind)
    return _from_rows(y, x.shape, axis)
