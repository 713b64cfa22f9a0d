"""FM demodulation: mix to baseband, channel filter, phase steps, audio filter and decimation by 8."""

import numpy as np
from scipy.signal import firwin, upfirdn

TAPS = firwin(64, 0.1)
CENTRE = 0.125  # cycles a sample
DECIMATION = 8


def fm_chain(samples):
    """Complex samples (complex64 or complex128) -> phase steps in radians a sample, of their real type, at an eighth of the rate."""
    taps = TAPS.astype(samples.real.dtype)
    n = np.arange(len(samples))
    baseband = samples * np.exp(-2j * np.pi * CENTRE * n).astype(samples.dtype)
    channel = upfirdn(taps, baseband)
    step = np.angle(channel[1:] * np.conj(channel[:-1]))
    return upfirdn(taps, step, 1, DECIMATION)


def make_input(n, dtype, seed=4):
    """A carrier at CENTRE, frequency-modulated by a slow tone, in noise 40 dB down; parts of type `dtype`."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    phase = 2 * np.pi * CENTRE * t + 4.0 * np.sin(2 * np.pi * 0.002 * t)
    x = np.exp(1j * phase) + 0.007 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    return x.astype(np.result_type(dtype, np.complex64))


if __name__ == "__main__":
    for n in (100, 1000, 4097):
        fm_chain(make_input(n, np.float32))
