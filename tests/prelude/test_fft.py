"""The prelude's Fourier and cosine transforms against NumPy and SciPy."""

import numpy as np
import scipy.fft
import scipy.fftpack

from compare import bound, compare, finish, raises

FFT = bound("fft")
DCT = bound("dct")
rng = np.random.default_rng(20)
SIZES = list(range(1, 65)) + [
    67,
    97,
    101,
    121,
    127,
    128,
    143,
    169,
    210,
    243,
    256,
    289,
    360,
    500,
    509,
    512,
    625,
    1000,
    1001,
    1023,
    1024,
    1536,
    2048,
    4096,
]


def lookup(name):
    space, function = name.rsplit(".", 1)
    return getattr({"numpy.fft": np.fft, "scipy.fft": scipy.fft, "scipy.fftpack": scipy.fftpack}[space], function)


def noise(shape, dtype):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    if np.dtype(dtype).kind in "iu":
        x = x * 100
    return x.astype(dtype)


def units(n):
    # Error of a fast transform grows with log n in the mean; Bluestein runs three of up to 4n, generic primes sum 13.
    return 4.0 + 1.5 * np.log2(n + 1)


def scale(x, n, norm, inverse):
    """Root of the energy times root n bounds the outputs; relative to it errors are a few eps log n."""
    s = np.sqrt(np.sum(np.abs(x.astype(np.complex128)) ** 2)) * np.sqrt(max(1.0, np.log(n + 1)))
    return s * factor(norm, n, inverse)


def factor(norm, n, inverse):
    if norm == "ortho":
        return n**-0.5
    if (norm == "forward") != inverse:
        return 1.0 / n
    return 1.0


for n in SIZES:
    for dtype in (np.complex64, np.complex128, np.float32, np.float64):
        if n > 600 and dtype in (np.complex64, np.float32) and n not in (1000, 1024):
            continue
        x = noise(n, dtype)
        for name in ("numpy.fft.fft", "scipy.fft.fft", "scipy.fft.ifft", "numpy.fft.ifft"):
            if n > 128 and name in ("numpy.fft.fft", "scipy.fft.ifft"):
                continue
            inverse = "ifft" in name
            want = lookup(name)(x)
            compare(name, FFT[name](x), want, units(n), scale(x, n, None, inverse), "%d %s" % (n, np.dtype(dtype)))
        if np.dtype(dtype).kind == "f":
            for name in ("numpy.fft.rfft", "scipy.fft.rfft"):
                compare(name, FFT[name](x), lookup(name)(x), units(n), scale(x, n, None, False), "%d" % n)
        else:
            for name in ("numpy.fft.irfft", "scipy.fft.irfft", "numpy.fft.hfft", "scipy.fft.hfft"):
                if n > 300:
                    continue
                for length in (None, 2 * n - 1, n):
                    if length is None and n == 1:
                        continue
                    m = 2 * (n - 1) if length is None else length
                    inverse = "irfft" in name
                    compare(
                        name,
                        FFT[name](x, length),
                        lookup(name)(x, length),
                        units(m),
                        2 * scale(x, m, None, inverse),
                        "%d -> %s" % (n, length),
                    )

for name in ("numpy.fft.fft", "scipy.fft.ifft", "scipy.fft.rfft", "numpy.fft.irfft", "scipy.fft.hfft", "scipy.fft.fft"):
    dtype = np.float64 if "rfft" in name and "irfft" not in name else np.complex128
    inverse = "ifft" in name or "irfft" in name
    for shape in ((6,), (3, 10), (4, 5, 6), (2, 17, 3)):
        for axis in range(-len(shape), len(shape)):
            for n in (None, 4, 12, 19):
                for norm in (None, "ortho", "forward", "backward"):
                    x = noise(shape, dtype)
                    want = lookup(name)(x, n, axis, norm)
                    compare(name, FFT[name](x, n, axis, norm), want, 20, np.abs(want).max(), "%s %s" % (shape, axis))
    x = noise(8, np.complex128 if dtype == np.complex128 else np.float64)
    raises(name, ValueError, lambda: FFT[name](x, 0), "n=0")
    raises(name, ValueError, lambda: FFT[name](x, None, -1, "wrong"), "norm")
    raises(name, (IndexError, ValueError), lambda: FFT[name](x, None, 3), "axis")
raises("scipy.fft.rfft", TypeError, lambda: FFT["scipy.fft.rfft"](noise(8, np.complex128)), "complex input")
for dtype in (np.int16, np.uint8, np.int64, np.bool_):
    x = noise(24, np.int64).astype(dtype)
    for name in ("numpy.fft.fft", "scipy.fft.fft", "numpy.fft.rfft", "numpy.fft.ifft"):
        compare(name, FFT[name](x), lookup(name)(x), 20, np.abs(lookup(name)(x)).max(), str(dtype))

for name in ("fft2", "ifft2", "fftn", "ifftn"):
    for space in ("numpy.fft.", "scipy.fft."):
        f, g = FFT[space + name], lookup(space + name)
        for shape in ((8, 8), (5, 12), (3, 4, 6)):
            for dtype in (np.complex128, np.float64, np.complex64):
                x = noise(shape, dtype)
                compare(space + name, f(x), g(x), 20, np.abs(g(x)).max(), str(shape))
                compare(
                    space + name, f(x, (4, 7), (0, 1)), g(x, (4, 7), (0, 1)), 20, np.abs(g(x, (4, 7), (0, 1))).max()
                )
                compare(space + name, f(x, norm="ortho"), g(x, norm="ortho"), 20, np.abs(g(x, norm="ortho")).max())
for name in ("rfft2", "irfft2"):
    for space in ("numpy.fft.", "scipy.fft."):
        f, g = FFT[space + name], lookup(space + name)
        for shape in ((8, 8), (5, 12), (3, 4, 6)):
            for dtype in (np.float64, np.float32) if name == "rfft2" else (np.complex128, np.complex64):
                x = noise(shape, dtype)
                for args in ((), ((4, 7), (0, 1)), (None, (-1, 0), "ortho")):
                    compare(space + name, f(x, *args), g(x, *args), 20, np.abs(g(x, *args)).max(), str(args))
for n in (1, 2, 5, 8, 9):
    for space in ("numpy.fft.", "scipy.fft."):
        for name in ("fftshift", "ifftshift"):
            x = noise((n, 4, 3), np.float32)
            for axes in (None, 0, -1, (0, 2)):
                compare(space + name, FFT[space + name](x, axes), lookup(space + name)(x, axes), 0)
        for name in ("fftfreq", "rfftfreq"):
            for d in (1.0, 0.25, 1 / 48000.0):
                compare(space + name, FFT[space + name](n, d), lookup(space + name)(n, d), 1)

for name in ("scipy.fft.dct", "scipy.fft.idct"):
    for kind in (1, 2, 3, 4):
        for n in (1, 2, 3, 4, 5, 7, 8, 13, 16, 26, 40, 64, 97, 100, 256):
            if kind == 1 and n == 1:
                raises(name, ValueError, lambda: DCT[name](noise(1, np.float64), 1), "one point of type I")
                continue
            for dtype in (np.float32, np.float64, np.int32):
                for norm in (None, "ortho", "forward"):
                    x = noise(n, dtype)
                    want = lookup(name)(x, kind, norm=norm)
                    compare(
                        name,
                        DCT[name](x, kind, norm=norm),
                        want,
                        units(4 * n),
                        np.abs(want).max() + 2 * scale(x, n, norm, name.endswith("idct")),
                        "%d %d" % (kind, n),
                    )
        x = noise((4, 6, 5), np.float64)
        for axis in (0, 1, 2, -1, -2):
            for ortho in (None, True, False):
                want = lookup(name)(x, kind, 8, axis, "ortho", orthogonalize=ortho)
                compare(name, DCT[name](x, kind, 8, axis, "ortho", orthogonalize=ortho), want, 20, np.abs(want).max())
    raises(name, NotImplementedError, lambda: DCT[name](noise(4, np.complex64)), "complex")
    raises(name, ValueError, lambda: DCT[name](noise(4, np.float64), 7), "type")

# SciPy's older module: the same transforms with fewer options.
for name in ("scipy.fftpack.fft", "scipy.fftpack.ifft"):
    for dtype in (np.float32, np.float64, np.complex64, np.complex128, np.int32):
        for n in (None, 5, 12):
            for axis in (0, 1, -1):
                x = noise((6, 8), dtype)
                want = lookup(name)(x, n, axis)
                compare(name, FFT[name](x, n, axis), want, units(12), np.abs(want).max() + np.abs(x).max())
for name in ("scipy.fftpack.dct", "scipy.fftpack.idct"):
    for kind in (1, 2, 3, 4):
        for norm in (None, "ortho"):
            x = noise((6, 8), np.float64)
            want = lookup(name)(x, kind, 7, 0, norm)
            compare(name, DCT[name](x, kind, 7, 0, norm), want, units(28), np.abs(want).max() + 2 * np.abs(x).max())
for name in ("scipy.fftpack.fftshift", "scipy.fftpack.ifftshift"):
    x = noise((5, 4), np.float32)
    compare(name, FFT[name](x, 0), lookup(name)(x, 0), 0)
compare("scipy.fftpack.fftfreq", FFT["scipy.fftpack.fftfreq"](9, 0.25), scipy.fftpack.fftfreq(9, 0.25), 1)

finish([FFT, DCT])
