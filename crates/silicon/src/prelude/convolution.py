"""Convolution and correlation of NumPy and SciPy, one- and two-dimensional.

Sums run through `_pm.fir`, with the shorter operand as the taps, in the order of ascending tap. What SciPy would
do by FFT because it is faster (`choose_conv_method`, decided by the shapes) goes by FFT here too.
"""

import numpy as np
import scipy.signal

import _pm
from axes import _complex_of, _float_of
from fft import numpy_fft2, numpy_ifft2, scipy_fft, scipy_ifft, scipy_irfft, scipy_rfft


def _summable(a, b):
    kind = np.result_type(a, b)
    if kind == np.bool_:
        raise NotImplementedError("convolution of boolean arrays; convert to integers first")
    return kind


def _taps(h, kind):
    """h in the precision of kind; real taps stay real under a complex signal, which halves the products."""
    if np.iscomplexobj(h) or kind not in (np.complex64, np.complex128):
        return h.astype(kind)
    return h.astype(_float_of(kind))


def _full(a, v):
    """The full convolution of two 1-D arrays."""
    return _part(a, v, 0, a.shape[0] + v.shape[0] - 1)


def _part(a, v, start, count):
    """`_full(a, v)[start : start + count]` without computing the rest."""
    kind = _summable(a, v)
    if v.shape[0] > a.shape[0]:
        return _pm.fir(v.astype(kind), _taps(a, kind), 1, 1, start, count)
    return _pm.fir(a.astype(kind), _taps(v, kind), 1, 1, start, count)


def _flat(a, name):
    a = np.asarray(a)
    if a.ndim == 0:
        a = a.reshape(1)
    if a.ndim != 1:
        raise ValueError("object too deep for desired array")
    if a.shape[0] == 0:
        raise ValueError("%s cannot be empty" % name)
    return a


# binds: numpy.convolve
def numpy_convolve(a, v, mode="full"):
    a = _flat(a, "a")
    v = _flat(v, "v")
    long = max(a.shape[0], v.shape[0])
    short = min(a.shape[0], v.shape[0])
    if mode == "full":
        return _full(a, v)
    if mode == "same":
        return _part(a, v, (short - 1) // 2, long)
    if mode == "valid":
        return _part(a, v, short - 1, long - short + 1)
    raise ValueError("mode must be one of 'valid', 'same', or 'full' (got %r)" % (mode,))


# binds: numpy.correlate
def numpy_correlate(a, v, mode="valid"):
    """c[k] = sum_n a[n + k] conj(v[n])."""
    a = _flat(a, "a")
    v = np.conj(_flat(v, "v")[::-1])
    long = max(a.shape[0], v.shape[0])
    short = min(a.shape[0], v.shape[0])
    if mode == "full":
        return _full(a, v)
    if mode == "same":
        # NumPy exchanges the operands where v is longer, and then takes the middle from the other end.
        return _part(a, v, short // 2 if v.shape[0] > a.shape[0] else (short - 1) // 2, long)
    if mode == "valid":
        return _part(a, v, short - 1, long - short + 1)
    raise ValueError("mode must be one of 'valid', 'same', or 'full' (got %r)" % (mode,))


def _check_mode(mode):
    if mode not in ("full", "same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")


def _window(n, m, mode):
    """(start, count) of a mode's part of the full convolution of n (the first operand) and m points."""
    if mode == "full":
        return 0, n + m - 1
    if mode == "same":
        return (m - 1) // 2, n
    return min(n, m) - 1, max(n, m) - min(n, m) + 1


def _full2(a, v):
    """The full convolution of two 2-D arrays, row by row."""
    kind = _summable(a, v)
    width = a.shape[1] + v.shape[1] - 1
    y = np.zeros((a.shape[0] + v.shape[0] - 1, width), kind)
    for i in range(a.shape[0]):
        for k in range(v.shape[0]):
            y[i + k] = y[i + k] + _part(a[i], v[k], 0, width)
    return y


def _cut2(y, a_shape, v_shape, mode):
    r, rows = _window(a_shape[0], v_shape[0], mode)
    c, columns = _window(a_shape[1], v_shape[1], mode)
    return y[r : r + rows, c : c + columns]


def _ordered(a, v, mode):
    """For mode 'valid' one operand must hold the other in every direction."""
    if mode == "valid" and a.ndim == 2:
        larger = a.shape[0] >= v.shape[0] and a.shape[1] >= v.shape[1]
        smaller = a.shape[0] <= v.shape[0] and a.shape[1] <= v.shape[1]
        if not larger and not smaller:
            raise ValueError("For 'valid' mode, one must be at least as large as the other in every dimension")


def _by_fft(n, m, kind, mode):
    """Whether SciPy's method='auto' takes the FFT for these float lengths."""
    if kind not in (np.float32, np.float64, np.complex64, np.complex128):
        return False
    if not _pm.is_static(n) or not _pm.is_static(m):
        return False
    return _chosen(n, m, str(np.dtype(kind)), mode) == "fft"


def _chosen(n, m, kind, mode):
    return scipy.signal.choose_conv_method(np.ones(n, kind), np.ones(m, kind), mode)


def _convolve(in1, in2, mode, method):
    _check_mode(mode)
    if in1.ndim != in2.ndim:
        raise ValueError("volume and kernel should have the same dimensionality")
    if method not in ("auto", "direct", "fft"):
        raise ValueError("Acceptable method flags are 'auto', 'direct', or 'fft'.")
    if in1.ndim == 0:
        return in1 * in2
    if in1.ndim > 2:
        raise NotImplementedError("convolution in %d dimensions" % in1.ndim)
    _ordered(in1, in2, mode)
    kind = _summable(in1, in2)
    if in1.ndim == 2:
        return _cut2(_full2(in1, in2), in1.shape, in2.shape, mode)
    whole = kind not in (np.float32, np.float64, np.complex64, np.complex128)
    if method == "fft" and not whole or method == "auto" and _by_fft(in1.shape[0], in2.shape[0], kind, mode):
        return _fft_convolve(in1, in2, mode)
    start, count = _window(in1.shape[0], in2.shape[0], mode)
    return _part(in1, in2, start, count)


# binds: scipy.signal.convolve
def scipy_convolve(in1, in2, mode="full", method="auto"):
    return _convolve(np.asarray(in1), np.asarray(in2), mode, method)


# binds: scipy.signal.correlate
def scipy_correlate(in1, in2, mode="full", method="auto"):
    in1 = np.asarray(in1)
    in2 = np.asarray(in2)
    if in1.ndim == in2.ndim and in1.ndim == 1:
        return _convolve(in1, np.conj(in2[::-1]), mode, method)
    if in1.ndim == in2.ndim and in1.ndim == 2:
        return _convolve(in1, np.conj(in2[::-1, ::-1]), mode, method)
    if in1.ndim != in2.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    raise NotImplementedError("correlation in %d dimensions" % in1.ndim)


# binds: scipy.signal.convolve2d
def convolve2d(in1, in2, mode="full", boundary="fill", fillvalue=0):
    in1 = np.asarray(in1)
    in2 = np.asarray(in2)
    if in1.ndim != 2 or in2.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    _check_mode(mode)
    if boundary != "fill" or fillvalue != 0:
        raise NotImplementedError("scipy.signal.convolve2d with another boundary than zeros")
    _ordered(in1, in2, mode)
    return _cut2(_full2(in1, in2), in1.shape, in2.shape, mode)


# binds: scipy.signal.correlate2d
def correlate2d(in1, in2, mode="full", boundary="fill", fillvalue=0):
    in2 = np.asarray(in2)
    if in2.ndim != 2:
        raise ValueError("correlate2d inputs must both be 2-D arrays")
    v = np.conj(in2[::-1, ::-1])
    if mode != "same":
        return convolve2d(in1, v, mode, boundary, fillvalue)
    # For an even window its middle is one further than convolve2d's.
    y = convolve2d(in1, v, "full", boundary, fillvalue)
    r = v.shape[0] // 2
    c = v.shape[1] // 2
    return y[r : r + np.shape(in1)[0], c : c + np.shape(in1)[1]]


def _fft_length(n):
    """A length of at least n whose transform has radices 2, 3, 4, 5 and 8 only."""
    while True:
        rest = n
        for r in (2, 3, 5):
            while rest % r == 0:
                rest //= r
        if rest == 1 and (n % 8 == 0 or n < 16):
            return n
        n += 1


def _fft_convolve(in1, in2, mode):
    """1-D convolution by FFT."""
    n = in1.shape[0]
    m = in2.shape[0]
    if not _pm.is_static(n) or not _pm.is_static(m):
        _pm.refuse("FFT convolution of arrays whose length is not known at translation time")
    start, count = _window(n, m, mode)
    if n == 1 or m == 1:
        return (in1 * in2)[start : start + count]
    size = _fft_length(n + m - 1)
    # Each operand is transformed in its own precision, as SciPy does.
    if np.iscomplexobj(in1) or np.iscomplexobj(in2):
        y = scipy_ifft(scipy_fft(in1, size) * scipy_fft(in2, size), size)
    else:
        y = scipy_irfft(scipy_rfft(in1, size) * scipy_rfft(in2, size), size)
    return y[start : start + count]


# binds: scipy.signal.fftconvolve, scipy.signal.oaconvolve
def fftconvolve(in1, in2, mode="full", axes=None):
    in1 = np.asarray(in1)
    in2 = np.asarray(in2)
    _check_mode(mode)
    if in1.ndim != in2.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    if axes is not None and in1.ndim > 1:
        raise NotImplementedError("scipy.signal.fftconvolve with axes=; loop over the other axes")
    if in1.ndim == 1:
        return _fft_convolve(in1, in2, mode)
    if in1.ndim == 0:
        return in1 * in2
    if in1.ndim > 2:
        raise NotImplementedError("convolution in %d dimensions" % in1.ndim)
    _ordered(in1, in2, mode)
    kind = _complex_of(np.result_type(in1, in2))
    size = (_fft_length(in1.shape[0] + in2.shape[0] - 1), _fft_length(in1.shape[1] + in2.shape[1] - 1))
    y = numpy_ifft2(numpy_fft2(in1.astype(kind), size) * numpy_fft2(in2.astype(kind), size))
    if not np.iscomplexobj(in1) and not np.iscomplexobj(in2):
        y = np.real(y)
    return _cut2(y, in1.shape, in2.shape, mode)


# binds: scipy.signal.correlation_lags
def correlation_lags(in1_len, in2_len, mode="full"):
    _check_mode(mode)
    lags = np.arange(-in2_len + 1, in1_len)
    if mode == "full":
        return lags
    if mode == "same":
        middle = lags.shape[0] // 2
        half = in1_len // 2
        if in1_len % 2 == 0:
            return lags[middle - half : middle + half]
        return lags[middle - half : middle + half + 1]
    if in1_len >= in2_len:
        return np.arange(in1_len - in2_len + 1)
    return np.arange(in1_len - in2_len, 1)
