"""The intrinsics of the prelude, as CPython sees them.

The translator replaces calls to this module by operations of its own; run in CPython, the prelude uses these
definitions, which say exactly what those operations compute. Array in, array out; nothing here keeps state.
"""

import numpy as np


def is_static(value):
    """Whether `value` is known at translation time. In CPython everything is."""
    return True


def refuse(reason):
    """Refuse to translate the call being specialised, with the reason the user is told."""
    raise NotImplementedError(reason)


def fir(x, h, up, down, start, count):
    """`y[m] = sum_k h[k] * v[start + m*down - k]` for m in 0..count-1, where v is x with up-1 zeros after each
    sample and zero outside. x and h are 1-D; up and down are at least 1; start may be negative. The taps are
    added in ascending k. The result has type `np.result_type(x, h)` and length count."""
    kind = np.result_type(x, h)
    x = np.asarray(x).astype(kind)
    h = np.asarray(h).astype(kind)
    y = np.zeros(count, kind)
    place = start + down * np.arange(count)
    for k in range(h.shape[0]):
        at = place - k
        i = at // up
        used = (at % up == 0) & (i >= 0) & (i < x.shape[0])
        y[used] += h[k] * x[i[used]]
    return y


def sosfilt(sos, x, zi):
    """A cascade of biquads over the 1-D x, each in direct form II transposed: (y, zf).

    sos is (sections, 6) with `sos[:, 3] == 1`; zi and zf are (sections, 2). All in `np.result_type(sos, x, zi)`."""
    kind = np.result_type(sos, x, zi)
    y = np.array(x, kind)
    z = np.array(zi, kind)
    sos = np.asarray(sos).astype(np.float32 if kind in (np.float32, np.complex64) else np.float64)
    for n in range(y.shape[0]):
        v = y[n]
        for s in range(sos.shape[0]):
            b0, b1, b2, _, a1, a2 = sos[s]
            w = b0 * v + z[s, 0]
            z[s, 0] = b1 * v - a1 * w + z[s, 1]
            z[s, 1] = b2 * v - a2 * w
            v = w
        y[n] = v
    return y, z


def complex_of(re, im):
    """The complex value or array with these real and imaginary parts, of their precision: no arithmetic, so that signed
    zeros, infinities and NaNs stay where they are."""
    re, im = np.broadcast_arrays(np.asarray(re), np.asarray(im))
    z = np.empty(re.shape, np.complex64 if re.dtype == np.float32 else np.complex128)
    z.real = re
    z.imag = im
    return z[()]
