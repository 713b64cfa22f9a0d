"""Pulse-Doppler radar processor: pulse compression, range-Doppler map, cell-averaging CFAR.

Source: Richards, "Fundamentals of Radar Signal Processing", chapters 4 to 6.
"""

import numpy as np
from scipy.signal.windows import hamming

SPEED_OF_LIGHT = 299792458.0  # m/s
CARRIER = 10e9  # Hz
SAMPLE_RATE = 10e6  # Hz
BANDWIDTH = 5e6  # Hz
PULSE_SAMPLES = 100  # 10 us
PULSE_INTERVAL = 100e-6  # s
RANGE_CELL = SPEED_OF_LIGHT / (2 * SAMPLE_RATE)  # m


def chirp():
    """Linear up-chirp of BANDWIDTH around zero frequency, unit amplitude."""
    t = (np.arange(PULSE_SAMPLES) - (PULSE_SAMPLES - 1) / 2) / SAMPLE_RATE
    slope = BANDWIDTH * SAMPLE_RATE / PULSE_SAMPLES
    return np.exp(1j * np.pi * slope * t**2)


def compress(echoes):
    """Matched filter along each row, weighted against range sidelobes.

    Cell k of the result is the echo that begins at sample k; echoes cut off by the end of the row are left out.
    """
    num_samples = echoes.shape[1]
    nfft = 2 ** int(np.ceil(np.log2(num_samples)))
    reference = np.conj(np.fft.fft(chirp() * hamming(PULSE_SAMPLES), nfft))
    spectrum = np.fft.fft(echoes, nfft, axis=1)
    return np.fft.ifft(spectrum * reference, axis=1)[:, :num_samples - PULSE_SAMPLES + 1]


def doppler_map(compressed):
    """Power over [Doppler, range]; Doppler zero is in the middle row."""
    num_pulses = compressed.shape[0]
    window = hamming(num_pulses)
    spectrum = np.fft.fft(compressed * window[:, np.newaxis], axis=0)
    return np.abs(np.fft.fftshift(spectrum, axes=0)) ** 2


def cfar(power, guard, training, false_alarm):
    """Cell-averaging CFAR along range with `training` cells on each side beyond `guard` cells.

    Returns the threshold for each cell, infinite where the window does not fit.
    """
    rows, cells = power.shape
    threshold = np.full((rows, cells), np.inf)
    factor = 2 * training * (false_alarm ** (-1 / (2 * training)) - 1)
    reach = guard + training
    for row in range(rows):
        for cell in range(reach, cells - reach):
            left = power[row, cell - reach:cell - guard]
            right = power[row, cell + guard + 1:cell + reach + 1]
            noise = (left.sum() + right.sum()) / (2 * training)
            threshold[row, cell] = factor * noise
    return threshold


def is_peak(power, row, cell):
    """True where no neighbour in range or (cyclically) in Doppler is higher."""
    rows = power.shape[0]
    here = power[row, cell]
    above = power[(row - 1) % rows, cell]
    below = power[(row + 1) % rows, cell]
    return here >= power[row, cell - 1] and here > power[row, cell + 1] and here >= above and here > below


def detect(echoes, guard=8, training=16, false_alarm=1e-7):
    """Targets in the echoes of one burst.

    echoes: complex128[pulses, samples], one row per pulse, sample 0 at range zero.
    Returns three float64 arrays of the same length: range in m, closing speed in m/s, power over threshold in dB.
    """
    power = doppler_map(compress(echoes))
    threshold = cfar(power, guard, training, false_alarm)
    num_pulses, num_cells = power.shape
    speed_step = SPEED_OF_LIGHT / (2 * CARRIER * PULSE_INTERVAL * num_pulses)
    ranges = []
    speeds = []
    margins = []
    for row in range(num_pulses):
        for cell in range(1, num_cells - 1):
            if power[row, cell] > threshold[row, cell] and is_peak(power, row, cell):
                ranges.append(cell * RANGE_CELL)
                speeds.append((row - num_pulses // 2) * speed_step)
                margins.append(10 * np.log10(power[row, cell] / threshold[row, cell]))
    return np.array(ranges), np.array(speeds), np.array(margins)
