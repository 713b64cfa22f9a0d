"""Changing the sample rate: polyphase filters through `_pm.fir`, and the band-limited `resample` by FFT."""

import math

import numpy as np
import scipy.signal

import _pm
from axes import _as_rows, _axis_of, _complex_of, _float_of, _from_rows
from fft import scipy_fft, scipy_ifft, scipy_irfft, scipy_rfft
from filtering import sosfilt, sosfiltfilt


def _factor(k, name):
    if not _pm.is_static(k):
        _pm.refuse("the factor `%s` must be known at translation time" % name)
    if k != int(k):
        raise ValueError("%s must be an integer" % name)
    if k < 1:
        raise ValueError("up and down must be >= 1")
    return int(k)


def _polyphase(rows, h, up, down, start, count):
    y = np.empty((rows.shape[0], count), np.result_type(rows, h))
    for r in range(rows.shape[0]):
        y[r] = _pm.fir(rows[r], h, up, down, start, count)
    return y


# binds: scipy.signal.upfirdn
def upfirdn(h, x, up=1, down=1, axis=-1, mode="constant", cval=0):
    h = np.asarray(h)
    x = np.asarray(x)
    if h.ndim != 1 or h.shape[0] == 0:
        raise ValueError("h must be 1-D with non-zero length")
    up = _factor(up, "up")
    down = _factor(down, "down")
    if mode not in ("constant", None) or cval not in (0, None):
        raise NotImplementedError("scipy.signal.upfirdn beyond the ends of the signal by anything but zeros")
    axis = _axis_of(axis, x.ndim)
    kind = np.result_type(h.dtype, x.dtype, np.float32)
    rows = _as_rows(x, axis)
    # Real taps stay real on a complex signal: half the products.
    rows = rows.astype(kind)
    h = h.astype(kind if np.iscomplexobj(h) else _float_of(kind))
    count = ((rows.shape[1] - 1) * up + h.shape[0] - 1) // down + 1
    return _from_rows(_polyphase(rows, h, up, down, 0, count), x.shape, axis)


def _lowpass(rate, window):
    """The taps resample_poly designs, gain not yet applied."""
    return scipy.signal.firwin(20 * rate + 1, 1.0 / rate, window=window)


# binds: scipy.signal.resample_poly
def resample_poly(x, up, down, axis=0, window=("kaiser", 5.0), padtype="constant", cval=None):
    x = np.asarray(x)
    up = _factor(up, "up")
    down = _factor(down, "down")
    if cval is not None and padtype != "constant":
        raise ValueError("cval has no effect when padtype is ", padtype)
    if padtype not in ("constant", "mean", "median", "minimum", "maximum"):
        raise NotImplementedError("scipy.signal.resample_poly with padtype=%r" % (padtype,))
    if cval is not None and cval != 0:
        raise NotImplementedError("scipy.signal.resample_poly with cval other than 0")
    axis = _axis_of(axis, x.ndim)
    common = math.gcd(up, down)
    up = up // common
    down = down // common
    if up == 1 and down == 1:
        return x.copy()
    floating = x.dtype in (np.float16, np.float32, np.float64, np.complex64, np.complex128)
    if isinstance(window, (str, tuple)):
        h = _lowpass(max(up, down), window)
        if floating:
            h = h.astype(x.dtype)
    else:
        h = np.asarray(window)
        if h.ndim > 1:
            raise ValueError("window must be 1-D")
    half = (h.shape[0] - 1) // 2
    h = h * up
    kind = np.result_type(h.dtype, x.dtype, np.float32)
    rows = _as_rows(x, axis).astype(kind)
    h = h.real.astype(_float_of(kind)) if isinstance(window, (str, tuple)) else h.astype(kind)
    n = rows.shape[1]
    count = -((-n * up) // down)
    if padtype == "mean":
        level = np.mean(rows, axis=1, keepdims=True)
    elif padtype == "median":
        level = np.median(rows, axis=1, keepdims=True)
    elif padtype == "minimum":
        level = np.min(rows, axis=1, keepdims=True)
    elif padtype == "maximum":
        level = np.max(rows, axis=1, keepdims=True)
    if padtype != "constant":
        rows = rows - level
    # SciPy pads the taps to a whole number of output steps and drops those steps: in sum, a start at `half`.
    y = _polyphase(rows, h, up, down, half, count)
    if padtype != "constant":
        y = y + level
    return _from_rows(y, x.shape, axis)


# binds: scipy.signal.resample
def resample(x, num, t=None, axis=0, window=None, domain="time"):
    x = np.asarray(x)
    if t is not None:
        raise NotImplementedError("scipy.signal.resample with t=; compute the new times beside it")
    if window is not None:
        raise NotImplementedError("scipy.signal.resample with a window")
    if domain != "time":
        if domain != "freq":
            raise ValueError("Parameter domain must be 'time' or 'freq'")
        raise NotImplementedError("scipy.signal.resample with domain='freq'")
    axis = _axis_of(axis, x.ndim)
    n = x.shape[axis]
    if not _pm.is_static(num) or not _pm.is_static(n):
        _pm.refuse("scipy.signal.resample between lengths not known at translation time")
    if num < 1:
        raise ValueError("num must be positive")
    kept = min(n, num)
    half = kept // 2
    rows = _as_rows(x, axis)
    scale = num / n
    if np.iscomplexobj(x):
        s = scipy_fft(rows, None, 1)
        p = np.zeros((rows.shape[0], num), _complex_of(x.dtype))
        p[:, : half + 1] = s[:, : half + 1]
        if kept - half - 1 > 0:
            p[:, num - (kept - half - 1) :] = s[:, n - (kept - half - 1) :]
        if kept % 2 == 0:
            # The point at half the lower rate stands for both signs of the frequency.
            if num < n:
                p[:, half] = p[:, half] + s[:, n - half]
            elif n < num:
                p[:, half] = p[:, half] * 0.5
                p[:, num - half] = p[:, half]
        y = scipy_ifft(p, None, 1) * scale
    else:
        s = scipy_rfft(rows, None, 1)
        p = np.zeros((rows.shape[0], num // 2 + 1), _complex_of(x.dtype))
        p[:, : half + 1] = s[:, : half + 1]
        if kept % 2 == 0:
            if num < n:
                p[:, half] = p[:, half] * 2.0
            elif n < num:
                p[:, half] = p[:, half] * 0.5
        y = scipy_irfft(p, num, 1) * scale
    return _from_rows(y, x.shape, axis)


def _decimator(q, n):
    return scipy.signal.cheby1(n, 0.05, 0.8 / q, output="sos")


# binds: scipy.signal.decimate
def decimate(x, q, n=None, ftype="iir", axis=-1, zero_phase=True):
    x = np.asarray(x)
    if not _pm.is_static(q) or not _pm.is_static(n):
        _pm.refuse("the decimation factor and order must be known at translation time")
    axis = _axis_of(axis, x.ndim)
    kind = x.dtype if x.dtype in (np.float32, np.float64, np.complex64, np.complex128) else np.float64
    if isinstance(ftype, str) and ftype == "fir":
        h = scipy.signal.firwin((20 * q if n is None else n) + 1, 1.0 / q, window="hamming").astype(_float_of(kind))
        if zero_phase:
            return resample_poly(x, 1, q, axis, h)
        rows = _as_rows(x, axis)
        count = (x.shape[axis] + q - 1) // q
        # SciPy casts the taps to the signal's own type where that is a float.
        rows = rows.astype(np.result_type(rows.dtype, np.float32) if kind == x.dtype else kind)
        return _from_rows(_polyphase(rows, h, 1, q, 0, count), x.shape, axis)
    if not isinstance(ftype, str):
        raise NotImplementedError("scipy.signal.decimate with a filter of one's own; filter, then slice")
    if ftype != "iir":
        raise ValueError("invalid ftype")
    sos = _decimator(q, 8 if n is None else n).astype(_float_of(kind))
    y = sosfiltfilt(sos, x, axis) if zero_phase else sosfilt(sos, x, axis)
    rows = _as_rows(y, axis)
    return _from_rows(rows[:, ::q], x.shape, axis)
