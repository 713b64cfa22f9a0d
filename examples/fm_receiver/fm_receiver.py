"""Broadcast FM receiver (mono): from complex baseband at 384 kHz to audio at 48 kHz.

Source: ITU-R BS.450 (75 kHz deviation, 50 us or 75 us pre-emphasis).
"""

import numpy as np
from scipy.signal import firwin, lfilter

SAMPLE_RATE = 384e3  # Hz
DECIMATION = 8
AUDIO_RATE = SAMPLE_RATE / DECIMATION
DEVIATION = 75e3  # Hz at full scale

CHANNEL_TAPS = firwin(65, 110e3, fs=SAMPLE_RATE)
AUDIO_TAPS = firwin(129, 17e3, fs=SAMPLE_RATE)


def deemphasis(tau):
    """First-order low pass with time constant `tau` in seconds, as (b, a) at the audio rate."""
    pole = np.exp(-1.0 / (tau * AUDIO_RATE))
    return np.array([1.0 - pole]), np.array([1.0, -pole])


def demodulate(samples, station=60e3, tau=50e-6):
    """Audio of the station `station` Hz above the centre of `samples`.

    samples: complex64[n] or complex128[n] at 384 kHz, n >= 2.
    Returns float64 audio at 48 kHz, 1.0 at full deviation; one value per started 8 samples after the first.
    """
    n = np.arange(len(samples))
    baseband = samples * np.exp(-2j * np.pi * station / SAMPLE_RATE * n)
    channel = lfilter(CHANNEL_TAPS, 1.0, baseband)
    phase_step = np.angle(channel[1:] * np.conj(channel[:-1]))
    frequency = phase_step * (SAMPLE_RATE / (2 * np.pi * DEVIATION))
    audio = lfilter(AUDIO_TAPS, 1.0, frequency)[::DECIMATION]
    b, a = deemphasis(tau)
    return lfilter(b, a, audio)
