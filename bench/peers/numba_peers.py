"""The kernels as one writes them for Numba: plain loops over NumPy arrays, compiled without fast-math."""

import cmath
import math

import numpy as np
from numba import njit


@njit
def fir(x, h, down, y):
    """y = upfirdn(h, x, 1, down)."""
    n = x.shape[0]
    taps = h.shape[0]
    for m in range(y.shape[0]):
        acc = x[0] * h[0] * 0
        for j in range(max(0, down * m - n + 1), min(taps - 1, down * m) + 1):
            acc += h[j] * x[down * m - j]
        y[m] = acc


@njit
def biquads(sos, x, y):
    """y = sosfilt(sos, x)."""
    z = np.zeros((sos.shape[0], 2), x.dtype)
    for i in range(x.shape[0]):
        v = x[i]
        for s in range(sos.shape[0]):
            w = sos[s, 0] * v + z[s, 0]
            z[s, 0] = sos[s, 1] * v - sos[s, 4] * w + z[s, 1]
            z[s, 1] = sos[s, 2] * v - sos[s, 5] * w
            v = w
        y[i] = v


@njit
def fft1024(x, w, order, y):
    """Radix 2, decimation in time; w[k] = exp(-2i pi k/1024), order is the bit reversal."""
    points = x.shape[1]
    for b in range(x.shape[0]):
        for k in range(points):
            y[b, k] = x[b, order[k]]
        half = 1
        while half < points:
            step = points // 2 // half
            for base in range(0, points, 2 * half):
                for k in range(half):
                    t = y[b, base + k + half] * w[k * step]
                    y[b, base + k + half] = y[b, base + k] - t
                    y[b, base + k] += t
            half *= 2


@njit
def fm_chain(x, h, mixed, channel, step, y):
    """kernels/fm_chain.py with its intermediate arrays handed in."""
    for i in range(x.shape[0]):
        mixed[i] = x[i] * cmath.exp(-2j * math.pi * 0.125 * i)
    fir(mixed, h, 1, channel)
    for i in range(step.shape[0]):
        d = channel[i + 1] * np.conj(channel[i])
        step[i] = math.atan2(d.imag, d.real)
    fir(step, h, 8, y)


def peers(kernel, data):
    """A function of no arguments that runs the kernel into data.output; data as run.py has it."""
    out = data.output()
    x = data.x
    if kernel == "fir8":
        h = data.taps
        return lambda: fir(x, h, 8, out), out
    if kernel == "biquads":
        sos = data.taps
        return lambda: biquads(sos, x, out), out
    if kernel == "fft1024":
        w = np.exp(-2j * np.pi * np.arange(512) / 1024).astype(x.dtype)
        order = np.array([int(f"{k:010b}"[::-1], 2) for k in range(1024)])
        return lambda: fft1024(x, w, order, out), out
    n = len(x)
    mixed = np.empty(n, x.dtype)
    channel = np.empty(n + 63, x.dtype)
    step = np.empty(n + 62, x.real.dtype)
    h = data.taps
    return lambda: fm_chain(x, h, mixed, channel, step, out), out
