"""Mel-frequency cepstral coefficients, the usual front end of a speech recogniser, at 16 kHz.

Source: Davis and Mermelstein, IEEE Trans. ASSP 28 (1980); constants as in ETSI ES 201 108 and HTK.
"""

import numpy as np
from scipy.fft import dct

SAMPLE_RATE = 16000  # Hz
FRAME_LENGTH = 400  # 25 ms
FRAME_STEP = 160  # 10 ms
NFFT = 512
NUM_FILTERS = 26
NUM_CEPSTRA = 13
PREEMPHASIS = 0.97
LIFTER = 22


def hz_to_mel(frequency):
    return 2595.0 * np.log10(1.0 + frequency / 700.0)


def mel_to_hz(mel):
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def mel_filter_bank(low=0.0, high=SAMPLE_RATE / 2):
    """Triangular filters with centres evenly spaced in mel, [NUM_FILTERS, NFFT // 2 + 1]."""
    edges = mel_to_hz(np.linspace(hz_to_mel(low), hz_to_mel(high), NUM_FILTERS + 2))
    bins = np.floor((NFFT + 1) * edges / SAMPLE_RATE).astype(int)
    bank = np.zeros((NUM_FILTERS, NFFT // 2 + 1))
    for j in range(NUM_FILTERS):
        left, centre, right = bins[j], bins[j + 1], bins[j + 2]
        for k in range(left, centre):
            bank[j, k] = (k - left) / (centre - left)
        for k in range(centre, right):
            bank[j, k] = (right - k) / (right - centre)
    return bank


FILTER_BANK = mel_filter_bank()
WINDOW = np.hamming(FRAME_LENGTH)
LIFTER_WEIGHTS = 1.0 + LIFTER / 2 * np.sin(np.pi * np.arange(NUM_CEPSTRA) / LIFTER)


def frame_signal(signal):
    """Overlapping frames, [frames, FRAME_LENGTH]; a last incomplete frame is dropped."""
    num_frames = 1 + (len(signal) - FRAME_LENGTH) // FRAME_STEP
    frames = np.zeros((num_frames, FRAME_LENGTH))
    for k in range(num_frames):
        frames[k] = signal[k * FRAME_STEP:k * FRAME_STEP + FRAME_LENGTH]
    return frames


def mfcc(signal):
    """float64[n] speech at 16 kHz, n >= 400, to float64[1 + (n - 400) // 160, 13] liftered cepstra."""
    emphasized = np.append(signal[0], signal[1:] - PREEMPHASIS * signal[:-1])
    frames = frame_signal(emphasized) * WINDOW
    power = np.abs(np.fft.rfft(frames, NFFT)) ** 2 / NFFT
    energies = power @ FILTER_BANK.T
    # Digital silence has no logarithm.
    energies = np.where(energies == 0.0, np.finfo(float).eps, energies)
    cepstra = dct(np.log(energies), type=2, axis=1, norm="ortho")[:, :NUM_CEPSTRA]
    return cepstra * LIFTER_WEIGHTS
