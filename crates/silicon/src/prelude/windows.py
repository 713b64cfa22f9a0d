"""Window functions of NumPy and the Bessel function they need."""

import numpy as np

# I0(8 sqrt(z)) for 0 <= z <= 1 and sqrt(x) exp(-x) I0(x) in 8/x for x >= 8, interpolated at Chebyshev nodes
_I0_SMALL = (
    1.0, 16.0, 64.0, 113.77777777777777, 113.77777777777777, 72.81777777777778, 32.36345679012346, 10.56765936004031,
    2.6419148400100934, 0.5218597214833971, 0.08349755543763958, 0.011040999065260043, 0.001226777675944858,
    0.00011614462833705505, 9.481199482324315e-06, 6.742126231103061e-07, 4.214352073918766e-08, 2.3297546853111616e-09,
    1.1671469172184896e-10, 4.618709730123242e-12, 2.9843929547724994e-13,
)
_I0_LARGE = (
    0.3989422804014327, 0.006233473131262672, 0.00043829108125822356, 5.706903014318292e-05, 1.0927918056261565e-05,
    2.660781503256634e-06, 2.4790402883167792e-06, -1.7257358411381738e-05, 0.00014185862063324504, -0.0008642913780102672,
    0.0040669758158161755, -0.014954338242435741, 0.0433264116012903, -0.09930596955619408, 0.18009904215884992,
    -0.25746559955012743, 0.28775108003052513, -0.247951980254461, 0.16115242264504226, -0.07628739967702916,
    0.02479851420055745, -0.004946732027962788, 0.0004564239425667149,
)


# binds: numpy.i0, scipy.special.i0
def i0(x):
    """Modified Bessel function of the first kind, order 0, in float64; relative error below 1e-15."""
    a = np.abs(np.asarray(x)).astype(np.float64)
    small = a <= 8.0
    z = np.where(small, a, 0.0) / 8.0
    z = z * z
    p = np.zeros_like(a) + _I0_SMALL[20]
    for i in range(20):
        p = p * z + _I0_SMALL[19 - i]
    b = np.where(small, 8.0, a)
    w = 8.0 / b
    q = np.zeros_like(a) + _I0_LARGE[22]
    for i in range(22):
        q = q * w + _I0_LARGE[21 - i]
    h = np.exp(b * 0.5)
    return np.where(small, p, h * q / np.sqrt(b) * h)


def _symmetric(M):
    """-(M-1), -(M-3), .., M-1: twice the distance from the middle of M samples."""
    return np.arange(1 - M, M, 2)


# binds: numpy.hamming
def hamming(M):
    """Hamming window: 0.54 - 0.46 cos(2 pi n / (M-1))."""
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    return 0.54 + 0.46 * np.cos(np.pi * _symmetric(M) / (M - 1.0))


# binds: numpy.hanning
def hanning(M):
    """Hann window: 0.5 - 0.5 cos(2 pi n / (M-1))."""
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    return 0.5 + 0.5 * np.cos(np.pi * _symmetric(M) / (M - 1.0))


# binds: numpy.blackman
def blackman(M):
    """Blackman window: 0.42 - 0.5 cos(2 pi n / (M-1)) + 0.08 cos(4 pi n / (M-1))."""
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    n = _symmetric(M)
    return 0.42 + 0.5 * np.cos(np.pi * n / (M - 1.0)) + 0.08 * np.cos(2.0 * np.pi * n / (M - 1.0))


# binds: numpy.bartlett
def bartlett(M):
    """Triangular window that reaches zero at both ends."""
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    n = _symmetric(M)
    return np.where(n <= 0, 1.0 + n / (M - 1.0), 1.0 - n / (M - 1.0))


# binds: numpy.kaiser
def kaiser(M, beta):
    """Kaiser window I0(beta sqrt(1 - t**2)) / I0(beta)."""
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    t = np.arange(M) * 1.0
    alpha = (M - 1) / 2.0
    return i0(beta * np.sqrt(1.0 - ((t - alpha) / alpha) ** 2.0)) / i0(beta * 1.0)


# binds: numpy.sinc
def sinc(x):
    """sin(pi x) / (pi x), 1 at 0."""
    v = np.asarray(x)
    if v.dtype != np.float64 and v.dtype != np.float32 and not np.iscomplexobj(v):
        v = v.astype(np.float64)
    y = np.pi * np.where(v == 0, np.full_like(v, 1.0e-20), v)
    return np.sin(y) / y
