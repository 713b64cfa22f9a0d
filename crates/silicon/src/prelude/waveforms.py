"""Waveforms of scipy.signal over an array of times."""

import numpy as np

import _pm


def _times(t):
    t = np.asarray(t)
    return t if t.dtype in (np.float32, np.float64) else t.astype(np.float64)


# binds: scipy.signal.sawtooth
def sawtooth(t, width=1):
    """Rises from -1 to 1 over the share `width` of the period 2 pi, and falls over the rest; NaN for a width
    outside 0..1."""
    t = _times(t)
    kind = t.dtype
    w = np.zeros(t.shape, np.result_type(kind, np.asarray(width).dtype) if np.ndim(width) > 0 else kind) + width
    phase = np.mod(t, 2 * np.pi)
    rise = phase / (np.pi * np.where(w > 0, w, 1)) - 1
    fall = (np.pi * (w + 1) - phase) / (np.pi * np.where(w < 1, 1 - w, 1))
    y = np.where(phase < w * (2 * np.pi), rise, fall)
    return np.where((w >= 0) & (w <= 1), y, np.nan).astype(np.float64)


# binds: scipy.signal.square
def square(t, duty=0.5):
    """1 for the share `duty` of the period 2 pi, then -1; NaN for a duty outside 0..1."""
    t = _times(t)
    w = np.zeros(t.shape, np.float64) + duty
    phase = np.mod(t, 2 * np.pi)
    y = np.where(phase < w * (2 * np.pi), 1.0, -1.0)
    return np.where((w >= 0) & (w <= 1), y, np.nan)


def _chirp_phase(t, f0, t1, f1, method, vertex_zero):
    if method in ("linear", "lin", "li"):
        beta = (f1 - f0) / t1
        return 2 * np.pi * (f0 * t + 0.5 * beta * t * t)
    if method in ("quadratic", "quad", "q"):
        beta = (f1 - f0) / (t1 * t1)
        if vertex_zero:
            return 2 * np.pi * (f0 * t + beta * t**3 / 3)
        return 2 * np.pi * (f1 * t + beta * ((t1 - t) ** 3 - t1**3) / 3)
    if method in ("logarithmic", "log", "lo"):
        if f0 * f1 <= 0.0:
            raise ValueError("For a logarithmic chirp, f0 and f1 must be nonzero and have the same sign.")
        if f0 == f1:
            return 2 * np.pi * f0 * t
        beta = t1 / np.log(f1 / f0)
        return 2 * np.pi * beta * f0 * ((f1 / f0) ** (t / t1) - 1.0)
    if method in ("hyperbolic", "hyp"):
        if f0 == 0 or f1 == 0:
            raise ValueError("For a hyperbolic chirp, f0 and f1 must be nonzero.")
        if f0 == f1:
            return 2 * np.pi * f0 * t
        singular = -f1 * t1 / (f0 - f1)
        return 2 * np.pi * (-singular * f0) * np.log(np.abs(1 - t / singular))
    raise ValueError(
        "method must be 'linear', 'quadratic', 'logarithmic', or 'hyperbolic', but a value of %r was given." % (method,)
    )


# binds: scipy.signal.chirp
def chirp(t, f0, t1, f1, method="linear", phi=0, vertex_zero=True, complex=False):
    """cos of the phase 2 pi times the integral of a frequency going from f0 at 0 to f1 at t1; phi in degrees."""
    if method in ("logarithmic", "log", "lo", "hyperbolic", "hyp"):
        if not _pm.is_static(f0) or not _pm.is_static(f1):
            _pm.refuse("a logarithmic or hyperbolic chirp whose frequencies are not known at translation time")
    phase = _chirp_phase(np.asarray(t), f0, t1, f1, method, vertex_zero) + np.deg2rad(phi)
    if complex:
        return np.cos(phase) + 1j * np.sin(phase)
    return np.cos(phase)


# binds: scipy.signal.gausspulse
def gausspulse(t, fc=1000, bw=0.5, bwr=-6, tpr=-60, retquad=False, retenv=False):
    """A carrier fc under a Gaussian envelope of fractional bandwidth bw at bwr dB."""
    if isinstance(t, str):
        raise NotImplementedError("scipy.signal.gausspulse('cutoff')")
    if not _pm.is_static(fc) or not _pm.is_static(bw) or not _pm.is_static(bwr):
        _pm.refuse("a Gaussian pulse whose frequency and bandwidth are not known at translation time")
    if fc < 0:
        raise ValueError("Center frequency (fc=%.2f) must be >=0." % fc)
    if bw <= 0:
        raise ValueError("Fractional bandwidth (bw=%.2f) must be > 0." % bw)
    if bwr >= 0:
        raise ValueError("Reference level for bandwidth (bwr=%.2f) must be < 0 dB" % bwr)
    t = np.asarray(t)
    a = -((np.pi * fc * bw) ** 2) / (4.0 * np.log(10.0 ** (bwr / 20.0)))
    envelope = np.exp(-a * t * t)
    inphase = envelope * np.cos(2 * np.pi * fc * t)
    if not retquad and not retenv:
        return inphase
    if not retquad:
        return inphase, envelope
    quadrature = envelope * np.sin(2 * np.pi * fc * t)
    if not retenv:
        return inphase, quadrature
    return inphase, quadrature, envelope
