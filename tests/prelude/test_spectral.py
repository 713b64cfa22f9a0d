"""The prelude's spectral estimates, peaks and waveforms against scipy.signal."""

import warnings

import numpy as np
import scipy.signal as ss

from compare import bound, compare, finish, raises

SPEC = bound("spectral")
PEAK = bound("peaks")
WAVE = bound("waveforms")
rng = np.random.default_rng(17)
warnings.simplefilter("ignore")
FLOATS = (np.float32, np.float64, np.complex64, np.complex128)


def noise(shape, dtype):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    return (x * 20 if np.dtype(dtype).kind in "iu" else x).astype(dtype)


def pick(name):
    return getattr(ss, name.rsplit(".", 1)[1])


# Results are kept in the precision of the signal; the frequencies and times are double.
for dtype in FLOATS + (np.int16,):
    for shape, axis in (((300,), -1), ((2, 130), 1), ((100, 2), 0)):
        x, y = noise(shape, dtype), noise(shape, dtype)
        for kw in (
            {},
            {"nperseg": 64},
            {"nperseg": 32, "noverlap": 24, "nfft": 50},
            {"nperseg": 33, "detrend": False},
            {"window": "blackman", "nperseg": 48, "scaling": "spectrum", "fs": 100.0},
            {"window": np.hamming(40), "detrend": "linear", "return_onesided": False},
        ):
            compare(
                "scipy.signal.welch", SPEC["scipy.signal.welch"](x, axis=axis, **kw), ss.welch(x, axis=axis, **kw), 60
            )
            compare(
                "scipy.signal.csd", SPEC["scipy.signal.csd"](x, y, axis=axis, **kw), ss.csd(x, y, axis=axis, **kw), 100
            )
            if "scaling" not in kw and "return_onesided" not in kw:
                compare(
                    "scipy.signal.coherence",
                    SPEC["scipy.signal.coherence"](x, y, axis=axis, **kw),
                    ss.coherence(x, y, axis=axis, **kw),
                    2000,
                )
            if axis != 0:
                compare(
                    "scipy.signal.spectrogram",
                    SPEC["scipy.signal.spectrogram"](x, axis=axis, **kw),
                    ss.spectrogram(x, axis=axis, **kw),
                    60,
                )
                kw2 = {k: v for k, v in kw.items() if k not in ("scaling",)}
                if not isinstance(kw.get("window", ""), str):
                    kw2["nperseg"] = len(kw["window"])
                for more in ({}, {"boundary": None}, {"padded": False}, {"scaling": "psd"}):
                    compare(
                        "scipy.signal.stft",
                        SPEC["scipy.signal.stft"](x, axis=axis, **kw2, **more),
                        ss.stft(x, axis=axis, **kw2, **more),
                        60,
                        what=str((kw2, more)),
                    )
        for kw in ({}, {"window": "hann", "scaling": "spectrum"}, {"nfft": 400, "fs": 8000.0}, {"detrend": "linear"}):
            compare(
                "scipy.signal.periodogram",
                SPEC["scipy.signal.periodogram"](x, axis=axis, **kw),
                ss.periodogram(x, axis=axis, **kw),
                60,
            )
        if np.dtype(dtype).kind != "c":
            for n in (None, 16, 41, 512):
                compare("scipy.signal.hilbert", SPEC["scipy.signal.hilbert"](x, n, axis), ss.hilbert(x, n, axis), 40)
for n in (1, 2, 3, 7, 8):
    compare(
        "scipy.signal.hilbert",
        SPEC["scipy.signal.hilbert"](np.arange(1.0, n + 1)),
        ss.hilbert(np.arange(1.0, n + 1)),
        20,
    )
raises("scipy.signal.hilbert", ValueError, lambda: SPEC["scipy.signal.hilbert"](noise(4, np.complex64)))
raises("scipy.signal.welch", ValueError, lambda: SPEC["scipy.signal.welch"](np.ones(50), nperseg=20, noverlap=20))
raises("scipy.signal.welch", ValueError, lambda: SPEC["scipy.signal.welch"](np.ones(50), nperseg=20, nfft=10))
raises("scipy.signal.welch", ValueError, lambda: SPEC["scipy.signal.welch"](np.ones(50), scaling="x"))
for b, a in (([1.0], 1), (ss.firwin(31, 0.3), 1), ss.butter(4, 0.3), ([1, 2, 3], [1, 0.5])):
    for kw in (
        {},
        {"worN": 100, "whole": True},
        {"worN": [0.1, 0.5, 2.0]},
        {"worN": 64, "fs": 48000, "include_nyquist": True},
    ):
        w, h = ss.freqz(b, a, **kw)
        gw, gh = SPEC["scipy.signal.freqz"](b, a, **kw)
        compare("scipy.signal.freqz", gw, w, 4)
        # A response near a zero of the denominator at w is off by the rounding of w itself.
        compare("scipy.signal.freqz", gh, h, 2e4 if np.ndim(a) else 100)

# ---- peaks -------------------------------------------------------------------------------------------------
for trial in range(60):
    n = int(rng.integers(1, 80))
    x = rng.standard_normal(n) if trial % 2 else np.cumsum(rng.integers(-1, 2, n)).astype(np.float64)
    x = x.astype((np.float64, np.float32)[trial % 3 == 0])
    kws = [
        {},
        {"height": 0.0},
        {"height": (-0.5, 1.0)},
        {"threshold": 0.1},
        {"threshold": (None, 1.0)},
        {"prominence": 0.5},
        {"prominence": (0.1, 2.0), "wlen": 7},
        {"plateau_size": 1},
        {"plateau_size": (2, 4), "height": -1.0},
    ]
    if trial % 2:  # equal heights are removed in another order than SciPy's
        kws += [{"distance": 4}, {"distance": 2.5, "height": 0.0, "prominence": 0.3}]
    for kw in kws:
        want, properties = ss.find_peaks(x, **kw)
        got, found = PEAK["scipy.signal.find_peaks"](x, **kw)
        compare("scipy.signal.find_peaks", got, want.astype(np.int64), what=str(kw))
        if sorted(found) != sorted(properties):
            compare("scipy.signal.find_peaks", len(found), -1, what="properties of %s" % kw)
        for name in properties:
            compare("scipy.signal.find_peaks", found[name], properties[name], 0, what=name)
    for order in (1, 2, 5):
        for mode in ("clip", "wrap"):
            compare(
                "scipy.signal.argrelmax",
                PEAK["scipy.signal.argrelmax"](x, 0, order, mode),
                ss.argrelmax(x, 0, order, mode),
            )
            compare(
                "scipy.signal.argrelmin",
                PEAK["scipy.signal.argrelmin"](x, 0, order, mode),
                ss.argrelmin(x, 0, order, mode),
            )
            compare(
                "scipy.signal.argrelextrema",
                PEAK["scipy.signal.argrelextrema"](x, np.greater_equal, 0, order, mode),
                ss.argrelextrema(x, np.greater_equal, 0, order, mode),
            )
raises("scipy.signal.find_peaks", ValueError, lambda: PEAK["scipy.signal.find_peaks"](np.ones((2, 2))))
raises("scipy.signal.find_peaks", ValueError, lambda: PEAK["scipy.signal.find_peaks"](np.ones(5), distance=0))
raises("scipy.signal.argrelmax", ValueError, lambda: PEAK["scipy.signal.argrelmax"](np.ones(5), order=0))

# ---- waveforms ---------------------------------------------------------------------------------------------
for t in (np.linspace(-7, 20, 333), np.linspace(0, 3, 100).astype(np.float32), np.arange(12)):
    for width in (0, 0.3, 0.5, 1, 1.5):
        name = "scipy.signal.sawtooth"
        compare(name, WAVE[name](t, width), ss.sawtooth(t, width), 60 if t.dtype != np.float32 else 3e9)
        name = "scipy.signal.square"
        compare(name, WAVE[name](t, width), ss.square(t, width), 0)
    for method in ("linear", "quadratic", "logarithmic", "hyperbolic"):
        for kw in ({}, {"phi": 30}, {"vertex_zero": False}, {"complex": True}):
            name = "scipy.signal.chirp"
            args = (np.abs(t), 1.0, 40.0, 3.0, method)
            compare(name, WAVE[name](*args, **kw), ss.chirp(*args, **kw), 1500, 1.0, method)
    for fc, bw in ((2.0, 0.5), (0.5, 0.2)):
        name = "scipy.signal.gausspulse"
        for quad in (False, True):
            for env in (False, True):
                compare(
                    name,
                    WAVE[name](t, fc, bw, retquad=quad, retenv=env),
                    ss.gausspulse(t, fc, bw, retquad=quad, retenv=env),
                    200,
                    1.0,
                )
raises("scipy.signal.chirp", ValueError, lambda: WAVE["scipy.signal.chirp"](np.ones(3), 1, 2, 3, "x"))
raises("scipy.signal.gausspulse", ValueError, lambda: WAVE["scipy.signal.gausspulse"](np.ones(3), -1))

finish([SPEC, PEAK, WAVE])
