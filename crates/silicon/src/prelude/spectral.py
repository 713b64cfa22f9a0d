"""Spectral estimates of scipy.signal, the analytic signal and frequency responses.

Windows and lengths are known at translation time; SciPy's own `get_window` makes the window.
"""

import numpy as np
import scipy.signal

import _pm
from axes import _as_rows, _axis_of, _complex_of, _float_of, _from_rows
from fft import fftfreq, rfftfreq, scipy_fft, scipy_ifft, scipy_rfft
from filtering import detrend as remove_trend


# binds: scipy.signal.hilbert
def hilbert(x, N=None, axis=-1):
    """The analytic signal: negative frequencies dropped, positive ones doubled."""
    x = np.asarray(x)
    if np.iscomplexobj(x):
        raise ValueError("x must be real.")
    axis = _axis_of(axis, x.ndim)
    n = x.shape[axis] if N is None else N
    if not _pm.is_static(n):
        _pm.refuse("the analytic signal of a length not known at translation time")
    if n <= 0:
        raise ValueError("N must be positive.")
    rows = _as_rows(x, axis)
    half = scipy_rfft(rows, n, 1)
    s = np.zeros((rows.shape[0], n), _complex_of(x.dtype))
    s[:, : n // 2 + 1] = half
    s[:, 1 : (n + 1) // 2] = half[:, 1 : (n + 1) // 2] * 2.0
    return _from_rows(scipy_ifft(s, None, 1), x.shape, axis)


def _window_of(window, nperseg, have):
    """(window, nperseg) as SciPy settles them; a window given as values fixes the length."""
    if isinstance(window, (str, tuple)):
        count = 256 if nperseg is None else int(nperseg)
        if count < 1:
            raise ValueError("nperseg must be a positive integer")
        count = min(count, have)
        return scipy.signal.get_window(window, count), count
    w = np.asarray(window)
    if w.ndim != 1:
        raise ValueError("window must be 1-D")
    if have < w.shape[0]:
        raise ValueError("window is longer than input signal")
    if nperseg is not None and nperseg != w.shape[0]:
        raise ValueError("value specified for nperseg is different from length of window")
    return w, w.shape[0]


def _segment_spectra(rows, window, nperseg, noverlap, nfft, detrend, one_sided):
    """(rows, segments, frequencies): the transform of each detrended, windowed segment."""
    step = nperseg - noverlap
    segments = (rows.shape[1] - noverlap) // step
    kind = _float_of(rows.dtype)
    w = window.astype(kind)
    width = nfft // 2 + 1 if one_sided else nfft
    y = np.empty((rows.shape[0], segments, width), _complex_of(rows.dtype))
    for r in range(rows.shape[0]):
        for k in range(segments):
            part = rows[r, k * step : k * step + nperseg]
            if detrend == "constant":
                part = part - np.sum(part) / nperseg
            elif detrend == "linear":
                part = remove_trend(part)
            part = part * w
            if one_sided:
                y[r, k] = scipy_rfft(part, nfft)
            else:
                y[r, k] = scipy_fft(part, nfft)
    return y


def _settings(x, window, nperseg, noverlap, nfft, detrend):
    """The checked (window, nperseg, noverlap, nfft) for a signal with x.shape[-1] samples."""
    if not _pm.is_static(x.shape[-1]) or not _pm.is_static(window):
        _pm.refuse("a spectral estimate over a length or with a window not known at translation time")
    if detrend not in ("constant", "linear", False):
        raise NotImplementedError("a spectral estimate with a detrend function")
    w, nperseg = _window_of(window, nperseg, x.shape[-1])
    if nfft is None:
        nfft = nperseg
    elif nfft < nperseg:
        raise ValueError("nfft must be greater than or equal to nperseg.")
    noverlap = nperseg // 2 if noverlap is None else int(noverlap)
    if noverlap >= nperseg:
        raise ValueError("noverlap must be less than nperseg.")
    return w, nperseg, noverlap, nfft


def _frequencies(nfft, fs, one_sided):
    return rfftfreq(nfft, 1 / fs) if one_sided else fftfreq(nfft, 1 / fs)


def _power_scale(w, fs, scaling):
    if scaling == "density":
        return 1.0 / (fs * float((w * w).sum()))
    if scaling == "spectrum":
        return 1.0 / float(w.sum()) ** 2
    raise ValueError("Unknown scaling: %r" % (scaling,))


def _signal(x):
    x = np.asarray(x)
    if x.dtype in (np.float32, np.float64, np.complex64, np.complex128):
        return x
    return x.astype(np.float64)


def _cross_power(x, y, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis):
    """(frequencies, spectra (rows, segments, frequencies), segment times, axis, shape of x); y is None for the power
    of x. Small integers are computed in double precision and end in single, as SciPy's promotion has it."""
    kind = np.result_type(np.asarray(x), np.complex64) if y is None else np.result_type(x, y, np.complex64)
    x = _signal(x)
    axis = _axis_of(axis, x.ndim)
    rows = _as_rows(x, axis)
    w, nperseg, noverlap, nfft = _settings(rows, window, nperseg, noverlap, nfft, detrend)
    one_sided = return_onesided and not np.iscomplexobj(x)
    if y is not None:
        y = _signal(y)
        if y.shape != x.shape:
            raise NotImplementedError("the cross spectrum of arrays of different shapes")
        one_sided = one_sided and not np.iscomplexobj(y)
    s = _segment_spectra(rows, w, nperseg, noverlap, nfft, detrend, one_sided)
    scale = _power_scale(w, fs, scaling)
    if y is None:
        p = ((s.real * s.real + s.imag * s.imag) * scale).astype(_float_of(kind))
    else:
        t = _segment_spectra(_as_rows(y, axis), w, nperseg, noverlap, nfft, detrend, one_sided)
        p = (np.conj(s) * t * scale).astype(kind)
    if one_sided:
        last = p.shape[2] if nfft % 2 == 1 else p.shape[2] - 1
        p[:, :, 1:last] = p[:, :, 1:last] * 2.0
    step = nperseg - noverlap
    times = (np.arange(p.shape[1]) * step + nperseg / 2) / fs
    return _frequencies(nfft, fs, one_sided), p, times, axis, x.shape


def _average(p, average):
    if average == "mean":
        return np.sum(p, axis=1) / p.shape[1]
    if average == "median":
        raise NotImplementedError("a spectral estimate with average='median'")
    raise ValueError("average must be 'median' or 'mean', got %s" % (average,))


# binds: scipy.signal.welch
def welch(
    x,
    fs=1.0,
    window="hann_periodic",
    nperseg=None,
    noverlap=None,
    nfft=None,
    detrend="constant",
    return_onesided=True,
    scaling="density",
    axis=-1,
    average="mean",
):
    f, p, _, axis, shape = _cross_power(
        x, None, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
    )
    return f, _from_rows(_average(p, average), shape, axis)


# binds: scipy.signal.csd
def csd(
    x,
    y,
    fs=1.0,
    window="hann_periodic",
    nperseg=None,
    noverlap=None,
    nfft=None,
    detrend="constant",
    return_onesided=True,
    scaling="density",
    axis=-1,
    average="mean",
):
    f, p, _, axis, shape = _cross_power(
        x, y, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
    )
    return f, _from_rows(_average(p, average), shape, axis)


# binds: scipy.signal.coherence
def coherence(
    x, y, fs=1.0, window="hann_periodic", nperseg=None, noverlap=None, nfft=None, detrend="constant", axis=-1
):
    f, pxx = welch(x, fs, window, nperseg, noverlap, nfft, detrend, True, "density", axis)
    _, pyy = welch(y, fs, window, nperseg, noverlap, nfft, detrend, True, "density", axis)
    _, pxy = csd(x, y, fs, window, nperseg, noverlap, nfft, detrend, True, "density", axis)
    return f, (pxy.real * pxy.real + pxy.imag * pxy.imag) / pxx / pyy


# binds: scipy.signal.periodogram
def periodogram(
    x, fs=1.0, window="boxcar", nfft=None, detrend="constant", return_onesided=True, scaling="density", axis=-1
):
    x = np.asarray(x)
    axis = _axis_of(axis, x.ndim)
    n = x.shape[axis]
    if nfft is not None and nfft < n:
        raise NotImplementedError("scipy.signal.periodogram with nfft below the length; slice the signal")
    return welch(x, fs, "boxcar" if window is None else window, n, 0, nfft, detrend, return_onesided, scaling, axis)


# binds: scipy.signal.spectrogram
def spectrogram(
    x,
    fs=1.0,
    window=("tukey_periodic", 0.25),
    nperseg=None,
    noverlap=None,
    nfft=None,
    detrend="constant",
    return_onesided=True,
    scaling="density",
    axis=-1,
    mode="psd",
):
    if mode not in ("psd", "complex", "magnitude", "angle", "phase"):
        raise ValueError("unknown value for mode %s" % (mode,))
    if mode != "psd":
        raise NotImplementedError("scipy.signal.spectrogram with mode=%r; use stft" % (mode,))
    x = np.asarray(x)
    if noverlap is None:
        _, size = _window_of(window, nperseg, x.shape[axis])
        noverlap = size // 8
    f, p, t, axis, shape = _cross_power(
        x, None, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
    )
    if axis != len(shape) - 1:
        raise NotImplementedError("scipy.signal.spectrogram along another axis than the last")
    return f, t, p.transpose(0, 2, 1).reshape(tuple(shape[:-1]) + (p.shape[2], p.shape[1]))


# binds: scipy.signal.stft
def stft(
    x,
    fs=1.0,
    window="hann_periodic",
    nperseg=256,
    noverlap=None,
    nfft=None,
    detrend=False,
    return_onesided=True,
    boundary="zeros",
    padded=True,
    axis=-1,
    scaling="spectrum",
):
    """(f, t, Z): Z[.., frequency, segment] with unit gain for a sine (scaling='spectrum')."""
    kind = np.result_type(np.asarray(x), np.complex64)
    x = _signal(x)
    axis = _axis_of(axis, x.ndim)
    if axis != x.ndim - 1:
        raise NotImplementedError("scipy.signal.stft along another axis than the last")
    if boundary not in ("zeros", None):
        raise NotImplementedError("scipy.signal.stft with boundary=%r" % (boundary,))
    rows = _as_rows(x, axis)
    w, nperseg, noverlap, nfft = _settings(rows, window, nperseg, noverlap, nfft, detrend)
    one_sided = return_onesided and not np.iscomplexobj(x)
    step = nperseg - noverlap
    n = rows.shape[1]
    reach = nperseg // 2 if boundary == "zeros" else 0
    total = n + 2 * reach
    if padded:
        total += (-(total - nperseg) % step) % nperseg
    ext = np.zeros((rows.shape[0], total), rows.dtype)
    ext[:, reach : reach + n] = rows
    s = _segment_spectra(ext, w, nperseg, noverlap, nfft, detrend, one_sided)
    scale = _power_scale(w, fs, "density" if scaling == "psd" else scaling) ** 0.5
    times = (np.arange(s.shape[1]) * step + (0.0 if boundary == "zeros" else nperseg / 2)) / fs
    z = (s * scale).astype(kind).transpose(0, 2, 1)
    return _frequencies(nfft, fs, one_sided), times, z.reshape(tuple(x.shape[:-1]) + (z.shape[1], z.shape[2]))


def _response_grid(worN, whole, fs, include_nyquist):
    """The angular frequencies of a response, in radians a sample."""
    if worN is None:
        worN = 512
    if np.ndim(worN) == 0:
        stop = 2 * np.pi if whole else np.pi
        end = bool(include_nyquist) and not whole
        return np.linspace(0, stop, int(worN), endpoint=end)
    return np.atleast_1d(np.asarray(worN, dtype=np.float64)) * (2 * np.pi / fs)


def _powers(w, count):
    """exp(-i w k) as a matrix over w and k."""
    return np.exp(-1j * np.outer(w, np.arange(count)))


# binds: scipy.signal.freqz
def freqz(b, a=1, worN=512, whole=False, plot=None, fs=6.283185307179586, include_nyquist=False):
    if plot is not None:
        raise NotImplementedError("scipy.signal.freqz with plot=")
    if not _pm.is_static(worN) or not _pm.is_static(fs):
        _pm.refuse("a frequency response over frequencies not known at translation time")
    b = np.atleast_1d(np.asarray(b))
    a = np.atleast_1d(np.asarray(a))
    if b.ndim != 1 or a.ndim != 1:
        raise NotImplementedError("scipy.signal.freqz of several filters at once")
    w = _response_grid(worN, whole, fs, include_nyquist)
    top = _powers(w, b.shape[0]) @ b.astype(np.complex128)
    bottom = _powers(w, a.shape[0]) @ a.astype(np.complex128)
    return w * (fs / (2 * np.pi)), top / bottom
