"""Elementwise functions on floats of either precision, in terms of the exact primitive np.fmod and the kernels."""

import numpy as np

_INF = float("inf")


# kernel: numpy.remainder, numpy.mod
def remainder(x, y):
    """x - floor(x / y) * y with the sign of y, as Python's % on floats; NaN where y is 0."""
    m = np.fmod(x, y)
    m = np.where((m != 0.0) & ((m < 0.0) ^ (y < 0.0)), m + y, m)
    return np.where(m == 0.0, np.copysign(m, y), m)


# kernel: numpy.floor_divide
def floor_divide(x, y):
    """floor(x / y), consistent with remainder; x / y where y is 0."""
    m = np.fmod(x, y)
    q = (x - m) / y
    q = np.where((m != 0.0) & ((m < 0.0) ^ (y < 0.0)), q - 1.0, q)
    f = np.floor(q)
    f = np.where(q - f > 0.5, f + 1.0, f)
    f = np.where(q == 0.0, np.copysign(q * 0.0, x / y), f)
    return np.where(y == 0.0, x / y, f)


# kernel: numpy.deg2rad, numpy.radians, math.radians
def deg2rad(x):
    """Degrees to radians."""
    return x * 0.017453292519943295


# kernel: numpy.rad2deg, numpy.degrees, math.degrees
def rad2deg(x):
    """Radians to degrees."""
    return x * 57.29577951308232


# kernel: numpy.logaddexp
def logaddexp(x, y):
    """log(exp(x) + exp(y)) without overflow."""
    d = x - y
    return np.where(x == y, x + 0.6931471805599453, np.where(d > 0.0, x, y) + np.log1p(np.exp(-np.abs(d))))


# kernel: numpy.logaddexp2
def logaddexp2(x, y):
    """log2(2**x + 2**y) without overflow."""
    d = x - y
    return np.where(x == y, x + 1.0, np.where(d > 0.0, x, y) + 1.4426950408889634 * np.log1p(np.exp2(-np.abs(d))))
