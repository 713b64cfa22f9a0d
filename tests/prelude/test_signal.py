"""The prelude's convolutions, filters and resamplers against NumPy, SciPy and scipy.ndimage."""

import warnings

import numpy as np
import scipy.ndimage as nd
import scipy.signal as ss

from compare import bound, compare, finish, raises

CONV = bound("convolution")
FILTER = bound("filtering")
RATE = bound("resampling")
SMOOTH = bound("smoothing")
rng = np.random.default_rng(11)
warnings.simplefilter("ignore")
FLOATS = (np.float32, np.float64, np.complex64, np.complex128)


def noise(shape, dtype):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    if np.dtype(dtype).kind in "iu":
        x = np.abs(x) * 20 if np.dtype(dtype).kind == "u" else x * 20
    return x.astype(dtype)


def energy(*arrays):
    """A bound of what a sum of products of two arrays may reach, times the largest."""
    p = 1.0
    for a in arrays:
        p *= max(1e-300, float(np.sqrt(np.sum(np.abs(np.asarray(a).astype(np.complex128)) ** 2))))
    return p


# ---- convolution -------------------------------------------------------------------------------------------
for n, m in ((1, 1), (5, 1), (1, 4), (7, 3), (8, 4), (3, 8), (4, 9), (16, 16), (40, 7)):
    for da, dv in (
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.complex64, np.float32),
        (np.float32, np.complex64),
        (np.complex128, np.complex128),
        (np.int32, np.int16),
        (np.uint8, np.uint8),
        (np.float32, np.float64),
    ):
        a, v = noise(n, da), noise(m, dv)
        # SciPy transforms each operand in its own precision.
        mixed = (
            5e8 if np.finfo(np.result_type(da, np.float32)).eps != np.finfo(np.result_type(dv, np.float32)).eps else 1
        )
        for mode in ("full", "same", "valid"):
            for name, f in (
                ("numpy.convolve", np.convolve),
                ("numpy.correlate", np.correlate),
                ("scipy.signal.convolve", ss.convolve),
                ("scipy.signal.correlate", ss.correlate),
            ):
                compare(name, CONV[name](a, v, mode), f(a, v, mode), 20, energy(a, v), "%d %d %s" % (n, m, mode))
            if np.dtype(da).kind in "fc":
                for method in ("direct", "fft"):
                    compare(
                        "scipy.signal.convolve",
                        CONV["scipy.signal.convolve"](a, v, mode, method),
                        ss.convolve(a, v, mode, method),
                        40 * (mixed if method == "fft" else 1),
                        energy(a, v),
                    )
            for name, f in (("scipy.signal.fftconvolve", ss.fftconvolve), ("scipy.signal.oaconvolve", ss.oaconvolve)):
                compare(
                    name, CONV[name](a, v, mode), f(a, v, mode), 60 * mixed, energy(a, v), "%d %d %s" % (n, m, mode)
                )
    for mode in ("full", "same", "valid"):
        name = "scipy.signal.correlation_lags"
        compare(name, CONV[name](n, m, mode), ss.correlation_lags(n, m, mode))
a, v = noise(3000, np.float64), noise(700, np.float64)
compare(
    "scipy.signal.convolve", CONV["scipy.signal.convolve"](a, v, "same"), ss.convolve(a, v, "same"), 30, energy(a, v)
)
compare("scipy.signal.correlate", CONV["scipy.signal.correlate"](a, v), ss.correlate(a, v), 30, energy(a, v))
for sa, sv in (((6, 7), (3, 2)), ((4, 4), (4, 4)), ((2, 3), (5, 6)), ((5, 3), (5, 1))):
    for dtype in (np.float64, np.complex64, np.int32):
        a, v = noise(sa, dtype), noise(sv, dtype)
        for mode in ("full", "same", "valid"):
            for name, f in (
                ("convolve", ss.convolve),
                ("correlate", ss.correlate),
                ("convolve2d", ss.convolve2d),
                ("correlate2d", ss.correlate2d),
                ("fftconvolve", ss.fftconvolve),
            ):
                name = "scipy.signal." + name
                if dtype == np.int32 and f is ss.fftconvolve or f is ss.correlate2d and sa < sv:
                    continue
                compare(name, CONV[name](a, v, mode), f(a, v, mode), 60, energy(a, v), "%s %s %s" % (sa, sv, mode))
empty, one = np.zeros(0), np.ones(3)
raises("numpy.convolve", ValueError, lambda: CONV["numpy.convolve"](empty, one))
raises("numpy.correlate", ValueError, lambda: CONV["numpy.correlate"](one, empty))
raises("numpy.convolve", ValueError, lambda: CONV["numpy.convolve"](one, one, "wrong"))
raises("scipy.signal.convolve", ValueError, lambda: CONV["scipy.signal.convolve"](one, np.ones((2, 2))))
raises("scipy.signal.convolve", ValueError, lambda: CONV["scipy.signal.convolve"](one, one, "wrong"))
raises(
    "scipy.signal.convolve2d",
    ValueError,
    lambda: CONV["scipy.signal.convolve2d"](np.ones((2, 5)), np.ones((5, 2)), "valid"),
)

# ---- difference equations ----------------------------------------------------------------------------------
designs = [
    ([1.0], [1.0]),
    ([0.2, 0.3, 0.5], [1.0]),
    ([1.0, 2.0], [2.0]),
    (ss.butter(3, 0.2)),
    (ss.ellip(4, 1, 40, 0.3)),
    ([0.5], [1.0, -0.9]),
    ([1.0, 0.5, 0.25, 0.1], [2.0, -0.4]),
    (ss.firwin(21, 0.3), [1.0]),
]
for b, a in designs:
    for dtype in FLOATS + (np.int32,):
        bb, aa = (np.asarray(v, np.float32 if dtype in (np.float32, np.complex64) else np.float64) for v in (b, a))
        order = max(len(b), len(a)) - 1
        for shape, axis in (((30,), -1), ((4, 25), 1), ((20, 3), 0), ((2, 15, 2), 1), ((3,), 0)):
            x = noise(shape, dtype)
            want = ss.lfilter(bb, aa, x, axis)
            scale = float(np.abs(want).max()) + energy(x)
            compare(
                "scipy.signal.lfilter",
                FILTER["scipy.signal.lfilter"](bb, aa, x, axis),
                want,
                60,
                scale,
                "%s" % (shape,),
            )
            if dtype == np.int32:
                continue
            zs = list(shape)
            zs[axis] = order
            zi = noise(zs, dtype)
            want = ss.lfilter(bb, aa, x, axis, zi)
            compare(
                "scipy.signal.lfilter",
                FILTER["scipy.signal.lfilter"](bb, aa, x, axis, zi),
                want,
                60,
                scale + float(np.abs(zi).sum()),
                "zi %s" % (shape,),
            )
        for padtype, padlen in (("odd", None), ("even", 3), ("constant", 5), (None, None), ("odd", 0)) if order else ():
            x = noise((2, 80), dtype)
            want = ss.filtfilt(bb, aa, x, 1, padtype, padlen)
            compare(
                "scipy.signal.filtfilt",
                FILTER["scipy.signal.filtfilt"](bb, aa, x, 1, padtype, padlen),
                want,
                200,
                float(np.abs(want).max()) + energy(x),
                "%s" % padtype,
            )
    if order:
        compare("scipy.signal.lfilter_zi", FILTER["scipy.signal.lfilter_zi"](b, a), ss.lfilter_zi(b, a), 1e3)
    y, x = noise(max(len(a) - 1, 1), np.float64), noise(len(b) + 1, np.float64)
    compare("scipy.signal.lfiltic", FILTER["scipy.signal.lfiltic"](b, a, y), ss.lfiltic(b, a, y), 20)
    compare(
        "scipy.signal.lfiltic",
        FILTER["scipy.signal.lfiltic"](b, a, y, x),
        ss.lfiltic(b, a, y, x),
        20,
        energy(b, x) + energy(a, y),
    )
raises("scipy.signal.lfilter_zi", ValueError, lambda: FILTER["scipy.signal.lfilter_zi"]([1.0], [1.0]))
raises("scipy.signal.lfilter_zi", ValueError, lambda: FILTER["scipy.signal.lfilter_zi"]([1.0, 2.0], [0.0, 0.0]))
raises("scipy.signal.lfilter", ValueError, lambda: FILTER["scipy.signal.lfilter"]([1.0], [0.0, 1.0], one))
raises("scipy.signal.lfilter", NotImplementedError, lambda: FILTER["scipy.signal.lfilter"]([1], [1, 1], np.arange(3)))
raises(
    "scipy.signal.lfilter", ValueError, lambda: FILTER["scipy.signal.lfilter"]([1.0, 1.0], [1.0], one, -1, np.ones(3))
)
raises("scipy.signal.filtfilt", ValueError, lambda: FILTER["scipy.signal.filtfilt"]([1.0, 1.0], [1.0], one))
raises(
    "scipy.signal.filtfilt", ValueError, lambda: FILTER["scipy.signal.filtfilt"]([1.0], [1.0], np.ones(50), padtype="x")
)
for sos in (
    ss.butter(2, 0.3, output="sos"),
    ss.ellip(7, 1, 50, 0.25, output="sos"),
    ss.cheby1(8, 0.1, 0.4, output="sos"),
):
    for dtype in FLOATS:
        s = sos.astype(np.float32) if dtype in (np.float32, np.complex64) else sos
        for shape, axis in (((40,), -1), ((3, 30), 1), ((25, 2), 0)):
            x = noise(shape, dtype)
            want = ss.sosfilt(s, x, axis)
            compare("scipy.signal.sosfilt", FILTER["scipy.signal.sosfilt"](s, x, axis), want, 100, energy(x))
            zs = list(shape)
            zs[axis] = 2
            zi = noise([len(s)] + zs, dtype)
            compare(
                "scipy.signal.sosfilt",
                FILTER["scipy.signal.sosfilt"](s, x, axis, zi),
                ss.sosfilt(s, x, axis, zi),
                100,
                energy(x) + energy(zi),
            )
        for padtype, padlen in (("odd", None), ("even", 7), ("constant", None), (None, None)):
            x = noise((2, 90), dtype)
            want = ss.sosfiltfilt(s, x, 1, padtype, padlen)
            compare(
                "scipy.signal.sosfiltfilt",
                FILTER["scipy.signal.sosfiltfilt"](s, x, 1, padtype, padlen),
                want,
                400,
                energy(x),
            )
    compare("scipy.signal.sosfilt_zi", FILTER["scipy.signal.sosfilt_zi"](sos), ss.sosfilt_zi(sos), 1e3)
raises("scipy.signal.sosfilt", ValueError, lambda: FILTER["scipy.signal.sosfilt"](np.ones((2, 5)), one))
raises("scipy.signal.sosfilt", ValueError, lambda: FILTER["scipy.signal.sosfilt"](np.full((1, 6), 2.0), one))
raises(
    "scipy.signal.sosfilt",
    ValueError,
    lambda: FILTER["scipy.signal.sosfilt"](np.ones((1, 6)), one, -1, np.ones((1, 3))),
)
for dtype in FLOATS + (np.int16,):
    for shape, axis in (((31,), -1), ((4, 20), 1), ((12, 3), 0), ((1,), 0)):
        x = noise(shape, dtype)
        for kind in ("linear", "constant"):
            compare(
                "scipy.signal.detrend",
                FILTER["scipy.signal.detrend"](x, axis, kind),
                ss.detrend(x, axis, kind),
                60,
                energy(x),
            )
    x = noise(40, dtype)
    compare(
        "scipy.signal.detrend",
        FILTER["scipy.signal.detrend"](x, bp=[10, 25]),
        ss.detrend(x, bp=[10, 25]),
        60,
        energy(x),
    )
raises("scipy.signal.detrend", ValueError, lambda: FILTER["scipy.signal.detrend"](one, type="x"))
for dtype in (np.float32, np.float64, np.int32, np.uint8):
    for n in (1, 2, 9, 30):
        for k in (None, 1, 3, 5, 11):
            x = noise(n, dtype)
            compare("scipy.signal.medfilt", FILTER["scipy.signal.medfilt"](x, k), ss.medfilt(x, k), 0)
raises("scipy.signal.medfilt", ValueError, lambda: FILTER["scipy.signal.medfilt"](one, 4))

# ---- sample rates ------------------------------------------------------------------------------------------
for n in (1, 5, 24, 101):
    for dtype in FLOATS + (np.int16, np.int32):
        for up, down in ((1, 1), (3, 1), (1, 4), (2, 3), (7, 5), (4, 6)):
            x = noise(n, dtype)
            for taps in (1, 8, 33):
                for hk in (np.float32, np.float64, np.complex128):
                    h = noise(taps, hk)
                    compare(
                        "scipy.signal.upfirdn",
                        RATE["scipy.signal.upfirdn"](h, x, up, down),
                        ss.upfirdn(h, x, up, down),
                        20,
                        energy(h, x),
                    )
            want = ss.resample_poly(x, up, down)
            compare(
                "scipy.signal.resample_poly",
                RATE["scipy.signal.resample_poly"](x, up, down),
                want,
                30,
                2 * energy(x) * up,
            )
            if dtype in (np.float64, np.complex64):
                h = np.hanning(12).astype(np.float32)
                want = ss.resample_poly(x, up, down, window=h)
                compare(
                    "scipy.signal.resample_poly",
                    RATE["scipy.signal.resample_poly"](x, up, down, window=h),
                    want,
                    30,
                    4 * energy(x) * up,
                )
            if dtype == np.float64:
                for pad in ("mean", "median", "minimum", "maximum"):
                    want = ss.resample_poly(x, up, down, padtype=pad)
                    compare(
                        "scipy.signal.resample_poly",
                        RATE["scipy.signal.resample_poly"](x, up, down, padtype=pad),
                        want,
                        30,
                        4 * energy(x) * up,
                        pad,
                    )
        for num in (1, 4, 5, 23, 24, 48, 50):
            x = noise((n, 2), dtype)
            want = ss.resample(x, num)
            compare(
                "scipy.signal.resample",
                RATE["scipy.signal.resample"](x, num),
                want,
                30,
                2 * energy(x) * max(1, num / n),
                "%d -> %d" % (n, num),
            )
for dtype in FLOATS + (np.int32,):
    for shape, axis in (((200,), -1), ((3, 120), 1), ((90, 2), 0)):
        for q, kw in (
            (2, {}),
            (3, {"zero_phase": False}),
            (4, {"ftype": "fir"}),
            (3, {"ftype": "fir", "zero_phase": False}),
            (2, {"n": 4}),
            (5, {"n": 30, "ftype": "fir"}),
        ):
            x = noise(shape, dtype)
            want = ss.decimate(x, q, axis=axis, **kw)
            compare(
                "scipy.signal.decimate",
                RATE["scipy.signal.decimate"](x, q, axis=axis, **kw),
                want,
                2e4 if "ftype" not in kw else 60,
                energy(x),
                "%d %s %s" % (q, kw, np.dtype(dtype)),
            )
raises("scipy.signal.upfirdn", ValueError, lambda: RATE["scipy.signal.upfirdn"](one, one, 0, 1))
raises("scipy.signal.resample_poly", ValueError, lambda: RATE["scipy.signal.resample_poly"](one, 1.5, 1))
raises("scipy.signal.decimate", ValueError, lambda: RATE["scipy.signal.decimate"](one, 2, ftype="x"))

# ---- sliding windows ---------------------------------------------------------------------------------------
for mode in ("reflect", "constant", "nearest", "mirror", "wrap"):
    for n in (3, 10, 25):
        for dtype in FLOATS + (np.int32, np.uint8):
            x = noise(n, dtype)
            for taps in (1, 2, 3, 6, 7):
                for origin in (0, -1, 1) if taps > 3 else (0,):
                    w = noise(taps, np.float64)
                    for name, f in (("convolve1d", nd.convolve1d), ("correlate1d", nd.correlate1d)):
                        if np.dtype(dtype).kind == "u":
                            w = np.abs(w)
                        compare(
                            "scipy.ndimage." + name,
                            SMOOTH["scipy.ndimage." + name](x, w, mode=mode, cval=2.0, origin=origin),
                            f(x, w, mode=mode, cval=2.0, origin=origin),
                            8,
                            energy(x, w) + 2,
                            mode,
                        )
                    compare(
                        "scipy.ndimage.uniform_filter1d",
                        SMOOTH["scipy.ndimage.uniform_filter1d"](x, taps, mode=mode, cval=2.0, origin=origin),
                        nd.uniform_filter1d(x, taps, mode=mode, cval=2.0, origin=origin),
                        40,
                        float(np.abs(x).max()) + 2,
                        mode,
                    )
                    if np.dtype(dtype).kind != "c":
                        for name in ("maximum_filter1d", "minimum_filter1d"):
                            compare(
                                "scipy.ndimage." + name,
                                SMOOTH["scipy.ndimage." + name](x, taps, mode=mode, cval=2.0, origin=origin),
                                getattr(nd, name)(x, taps, mode=mode, cval=2.0, origin=origin),
                                0,
                            )
                        if taps > n:
                            raises(
                                "scipy.ndimage.median_filter",
                                NotImplementedError,
                                lambda: SMOOTH["scipy.ndimage.median_filter"](x, taps, mode=mode),
                            )
                            continue
                        compare(
                            "scipy.ndimage.median_filter",
                            SMOOTH["scipy.ndimage.median_filter"](x, taps, mode=mode, cval=2.0, origin=origin),
                            nd.median_filter(x, taps, mode=mode, cval=2.0, origin=origin),
                            0,
                            what="%s %d %d" % (mode, taps, n),
                        )
            if np.dtype(dtype).kind != "i":
                compare(
                    "scipy.ndimage.gaussian_filter1d",
                    SMOOTH["scipy.ndimage.gaussian_filter1d"](x, 1.3, mode=mode),
                    nd.gaussian_filter1d(x, 1.3, mode=mode),
                    10,
                    energy(x),
                )
x = noise((4, 9, 5), np.float32)
for axis in (0, 1, 2, -1):
    compare(
        "scipy.ndimage.convolve1d",
        SMOOTH["scipy.ndimage.convolve1d"](x, [1, 2, 1], axis),
        nd.convolve1d(x, [1, 2, 1], axis),
        20,
    )
raises("scipy.ndimage.convolve1d", RuntimeError, lambda: SMOOTH["scipy.ndimage.convolve1d"](one, []))
raises("scipy.ndimage.convolve1d", RuntimeError, lambda: SMOOTH["scipy.ndimage.convolve1d"](one, one, mode="wrong"))
raises("scipy.ndimage.uniform_filter1d", ValueError, lambda: SMOOTH["scipy.ndimage.uniform_filter1d"](one, 3, origin=3))
for dtype in (np.float32, np.float64, np.int32):
    for mode in ("interp", "mirror", "constant", "nearest", "wrap"):
        for window, order, deriv in ((5, 2, 0), (7, 3, 1), (11, 4, 2), (1, 0, 0), (9, 2, 0)):
            for shape, axis in (((30,), -1), ((3, 15), 1), ((20, 2), 0)):
                x = noise(shape, dtype)
                want = ss.savgol_filter(x, window, order, deriv, 0.5, axis, mode)
                compare(
                    "scipy.signal.savgol_filter",
                    SMOOTH["scipy.signal.savgol_filter"](x, window, order, deriv, 0.5, axis, mode),
                    want,
                    400 if dtype != np.float32 else 100,
                    float(np.abs(want).max()),
                    "%s %d" % (mode, window),
                )
raises("scipy.signal.savgol_filter", ValueError, lambda: SMOOTH["scipy.signal.savgol_filter"](one, 5, 2))
raises("scipy.signal.savgol_filter", ValueError, lambda: SMOOTH["scipy.signal.savgol_filter"](one, 3, 5))

finish([CONV, FILTER, RATE, SMOOTH])
