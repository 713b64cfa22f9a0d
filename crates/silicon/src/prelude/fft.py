"""Fourier transforms of `numpy.fft` and `scipy.fft`, for any length known at translation time.

Single precision stays single (as SciPy and NumPy 2 have it); every other type is computed in double. A transform
along the last axis runs row by row, one along an earlier axis down the columns of its block, without transposing.
"""

import numpy as np

import _pm
from axes import _axis_of, _complex_of, _float_of, _from_last, _product, _replaced, _to_last
from fft_kernel import _block, _real_inverse_row, _real_row


# ---- axes, lengths and scaling -----------------------------------------------------------------------------


def _scale_of(norm, n, inverse):
    """The factor that `norm` asks for."""
    if norm is None or norm == "backward":
        return 1.0 / n if inverse else 1.0
    if norm == "ortho":
        return 1.0 / n**0.5
    if norm == "forward":
        return 1.0 if inverse else 1.0 / n
    raise ValueError('Invalid norm value %r, should be "backward", "ortho" or "forward".' % (norm,))


def _length(x, n, axis):
    """The length of the transform along `axis`, checked."""
    count = x.shape[axis] if n is None else n
    if not _pm.is_static(count):
        _pm.refuse("the length of a Fourier transform must be known at translation time; pass n= or fix the length")
    if count < 1:
        raise ValueError("invalid number of data points (%d) specified" % count)
    return count


def _fit(x, n, axis):
    """x as (before, n, after), cut or padded with zeros along `axis`."""
    before = _product(x.shape[:axis])
    after = _product(x.shape[axis + 1 :])
    have = x.shape[axis]
    v = x.reshape(before, have, after)
    if _pm.is_static(have) and have == n:
        return v
    if _pm.is_static(have) and have > n:
        return v[:, :n, :]
    if not _pm.is_static(have):
        _pm.refuse("cutting or padding an array of unknown length to the length of a Fourier transform")
    y = np.zeros((before, n, after), x.dtype)
    y[:, :have, :] = v
    return y


def _complex_transform(x, n, axis, inverse, norm):
    x = np.asarray(x)
    axis = _axis_of(axis, x.ndim)
    n = _length(x, n, axis)
    scale = _scale_of(norm, n, inverse)
    kind = _float_of(x.dtype)
    v = _fit(x, n, axis)
    before = v.shape[0]
    after = v.shape[2]
    if not _pm.is_static(after):
        _pm.refuse("a Fourier transform along an axis before one of unknown length; transpose first")
    v = v.reshape(before, n * after)
    y = np.empty((before, n * after), _complex_of(x.dtype))
    for b in range(before):
        if np.iscomplexobj(x):
            xr = v[b].real.astype(kind)
            xi = v[b].imag.astype(kind)
            if inverse:
                yi, yr = _block(xi, xr, n, after)
            else:
                yr, yi = _block(xr, xi, n, after)
            y[b] = _pm.complex_of(yr * scale, yi * scale)
        elif after == 1:
            # The other half of a real signal's spectrum is its conjugate.
            yr, yi = _real_row(v[b].astype(kind), n)
            turn = -scale if inverse else scale
            y[b, : n // 2 + 1] = _pm.complex_of(yr * scale, yi * turn)
            if n > 2:
                y[b, n // 2 + 1 :] = _pm.complex_of(yr[1 : (n + 1) // 2] * scale, yi[1 : (n + 1) // 2] * -turn)[::-1]
        else:
            zero = np.zeros(n * after, kind)
            if inverse:
                yi, yr = _block(zero, v[b].astype(kind), n, after)
            else:
                yr, yi = _block(v[b].astype(kind), zero, n, after)
            y[b] = _pm.complex_of(yr * scale, yi * scale)
    return y.reshape(_replaced(x.shape, axis, n))


def _real_transform(x, n, axis, norm):
    x = np.asarray(x)
    if np.iscomplexobj(x):
        raise TypeError("x must be a real sequence")
    axis = _axis_of(axis, x.ndim)
    n = _length(x, n, axis)
    scale = _scale_of(norm, n, False)
    kind = _float_of(x.dtype)
    t = _to_last(x, axis)
    v = _fit(t, n, x.ndim - 1)
    before = v.shape[0]
    v = v.reshape(before, n)
    y = np.empty((before, n // 2 + 1), _complex_of(x.dtype))
    for b in range(before):
        yr, yi = _real_row(v[b].astype(kind), n)
        y[b] = _pm.complex_of(yr * scale, yi * scale)
    return _from_last(y.reshape(_replaced(t.shape, x.ndim - 1, n // 2 + 1)), axis)


def _real_inverse(x, n, axis, norm, conjugate):
    """Inverse of `_real_transform`; with `conjugate` and the scaling of a forward transform this is hfft."""
    x = np.asarray(x)
    axis = _axis_of(axis, x.ndim)
    n = _length(x, 2 * (x.shape[axis] - 1) if n is None else n, axis)
    scale = _scale_of(norm, n, not conjugate)
    kind = _float_of(x.dtype)
    t = _to_last(x, axis)
    v = _fit(t, n // 2 + 1, x.ndim - 1)
    before = v.shape[0]
    v = v.reshape(before, n // 2 + 1)
    y = np.empty((before, n), kind)
    for b in range(before):
        xr = v[b].real.astype(kind)
        xi = v[b].imag.astype(kind)
        if conjugate:
            xi = -xi
        y[b] = _real_inverse_row(xr, xi, n) * scale
    return _from_last(y.reshape(_replaced(t.shape, x.ndim - 1, n)), axis)


# binds: numpy.fft.fft
def numpy_fft(a, n=None, axis=-1, norm=None, out=None):
    _no_out(out)
    return _complex_transform(a, n, axis, False, norm)


# binds: scipy.fft.fft
def scipy_fft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None):
    return _complex_transform(x, n, axis, False, norm)


# binds: scipy.fftpack.fft
def fftpack_fft(x, n=None, axis=-1, overwrite_x=False):
    return _complex_transform(x, n, axis, False, None)


# binds: scipy.fftpack.ifft
def fftpack_ifft(x, n=None, axis=-1, overwrite_x=False):
    return _complex_transform(x, n, axis, True, None)


# binds: numpy.fft.ifft
def numpy_ifft(a, n=None, axis=-1, norm=None, out=None):
    _no_out(out)
    return _complex_transform(a, n, axis, True, norm)


# binds: scipy.fft.ifft
def scipy_ifft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None):
    return _complex_transform(x, n, axis, True, norm)


# binds: numpy.fft.rfft
def numpy_rfft(a, n=None, axis=-1, norm=None, out=None):
    _no_out(out)
    return _real_transform(a, n, axis, norm)


# binds: scipy.fft.rfft
def scipy_rfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None):
    return _real_transform(x, n, axis, norm)


# binds: numpy.fft.irfft
def numpy_irfft(a, n=None, axis=-1, norm=None, out=None):
    _no_out(out)
    return _real_inverse(a, n, axis, norm, False)


# binds: scipy.fft.irfft
def scipy_irfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None):
    return _real_inverse(x, n, axis, norm, False)


# binds: numpy.fft.hfft
def numpy_hfft(a, n=None, axis=-1, norm=None, out=None):
    _no_out(out)
    return _real_inverse(a, n, axis, norm, True)


# binds: scipy.fft.hfft
def scipy_hfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None):
    return _real_inverse(x, n, axis, norm, True)


def _no_out(out):
    if out is not None:
        raise NotImplementedError("the out= argument of numpy.fft; assign the result instead")


# ---- several axes ------------------------------------------------------------------------------------------


def _axes_of(x, s, axes):
    """The axes and lengths of an n-dimensional transform, as NumPy and SciPy pair them."""
    if axes is None:
        axes = list(range(x.ndim)) if s is None else list(range(x.ndim - len(s), x.ndim))
    axes = [_axis_of(a, x.ndim) for a in axes]
    lengths = [None] * len(axes) if s is None else [None if k == -1 else k for k in s]
    if len(lengths) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return axes, lengths


def _many(x, s, axes, inverse, norm):
    y = np.asarray(x)
    axes, lengths = _axes_of(y, s, axes)
    for k in reversed(range(len(axes))):
        y = _complex_transform(y, lengths[k], axes[k], inverse, norm)
    return y


# binds: numpy.fft.fft2
def numpy_fft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    _no_out(out)
    return _many(a, s, axes, False, norm)


# binds: scipy.fft.fft2
def scipy_fft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, plan=None):
    return _many(x, s, axes, False, norm)


# binds: numpy.fft.ifft2
def numpy_ifft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    _no_out(out)
    return _many(a, s, axes, True, norm)


# binds: scipy.fft.ifft2
def scipy_ifft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, plan=None):
    return _many(x, s, axes, True, norm)


# binds: numpy.fft.fftn
def numpy_fftn(a, s=None, axes=None, norm=None, out=None):
    _no_out(out)
    return _many(a, s, axes, False, norm)


# binds: scipy.fft.fftn
def scipy_fftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, plan=None):
    return _many(x, s, axes, False, norm)


# binds: numpy.fft.ifftn
def numpy_ifftn(a, s=None, axes=None, norm=None, out=None):
    _no_out(out)
    return _many(a, s, axes, True, norm)


# binds: scipy.fft.ifftn
def scipy_ifftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, plan=None):
    return _many(x, s, axes, True, norm)


def _real_many(x, s, axes, norm):
    """The last axis as a real transform, then the others."""
    y = np.asarray(x)
    axes, lengths = _axes_of(y, s, axes)
    last = len(axes) - 1
    y = _real_transform(y, lengths[last], axes[last], norm)
    for k in reversed(range(last)):
        y = _complex_transform(y, lengths[k], axes[k], False, norm)
    return y


def _real_inverse_many(x, s, axes, norm):
    y = np.asarray(x)
    axes, lengths = _axes_of(y, s, axes)
    last = len(axes) - 1
    for k in range(last):
        y = _complex_transform(y, lengths[k], axes[k], True, norm)
    return _real_inverse(y, lengths[last], axes[last], norm, False)


# binds: numpy.fft.rfft2
def numpy_rfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    _no_out(out)
    return _real_many(a, s, axes, norm)


# binds: scipy.fft.rfft2
def scipy_rfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, plan=None):
    return _real_many(x, s, axes, norm)


# binds: numpy.fft.irfft2
def numpy_irfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    _no_out(out)
    return _real_inverse_many(a, s, axes, norm)


# binds: scipy.fft.irfft2
def scipy_irfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, plan=None):
    return _real_inverse_many(x, s, axes, norm)


def _rolled(x, axes, forward):
    """x with its zero frequency moved to the middle of each axis, or back."""
    y = np.asarray(x)
    if axes is None:
        axes = list(range(y.ndim))
    elif isinstance(axes, int):
        axes = [axes]
    for axis in axes:
        axis = _axis_of(axis, y.ndim)
        n = y.shape[axis]
        cut = (n + 1) // 2 if forward else n // 2
        head = tuple([slice(None)] * axis + [slice(0, cut)])
        tail = tuple([slice(None)] * axis + [slice(cut, n)])
        y = np.concatenate((y[tail], y[head]), axis)
    return y


# binds: numpy.fft.fftshift, scipy.fft.fftshift, scipy.fftpack.fftshift
def fftshift(x, axes=None):
    return _rolled(x, axes, True)


# binds: numpy.fft.ifftshift, scipy.fft.ifftshift, scipy.fftpack.ifftshift
def ifftshift(x, axes=None):
    return _rolled(x, axes, False)


# binds: numpy.fft.fftfreq, scipy.fft.fftfreq, scipy.fftpack.fftfreq
def fftfreq(n, d=1.0):
    k = np.arange(n)
    return np.where(k < (n + 1) // 2, k, k - n) * (1.0 / (n * d))


# binds: numpy.fft.rfftfreq, scipy.fft.rfftfreq
def rfftfreq(n, d=1.0):
    return np.arange(n // 2 + 1) * (1.0 / (n * d))
