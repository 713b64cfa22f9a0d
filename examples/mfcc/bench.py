"""A synthetic vowel, and a tone whose mel band must stand out in the spectrum that the cepstra describe."""

import numpy as np
from scipy.fft import idct
from scipy.signal import lfilter

from mfcc import LIFTER_WEIGHTS, NUM_CEPSTRA, NUM_FILTERS, SAMPLE_RATE, hz_to_mel, mfcc

FORMANTS = ((730.0, 90.0), (1090.0, 110.0), (2440.0, 160.0))  # Hz, bandwidth in Hz; the vowel of "father"


def make_vowel(n=8000, pitch=120.0, seed=13):
    """float64[n]: a pulse train with breath noise through three resonators, peak 0.5."""
    rng = np.random.default_rng(seed)
    phase = np.arange(n) * pitch / SAMPLE_RATE
    x = np.diff(np.floor(phase), prepend=-1.0) + 0.01 * rng.standard_normal(n)
    for frequency, bandwidth in FORMANTS:
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        x = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * frequency / SAMPLE_RATE), radius**2], x)
    return 0.5 * x / np.max(np.abs(x))


def make_tone(frequency=1000.0, n=3000, seed=14):
    rng = np.random.default_rng(seed)
    return 0.3 * np.sin(2 * np.pi * frequency * np.arange(n) / SAMPLE_RATE) + 1e-3 * rng.standard_normal(n)


def envelope(cepstra):
    """Log mel energies [frames, NUM_FILTERS] as far as the kept coefficients describe them."""
    padded = np.zeros((len(cepstra), NUM_FILTERS))
    padded[:, :NUM_CEPSTRA] = cepstra / LIFTER_WEIGHTS
    return idct(padded, type=2, axis=1, norm="ortho")


def frequency_to_band(frequency):
    """Index of the filter whose centre is nearest."""
    return int(round(hz_to_mel(frequency) / hz_to_mel(SAMPLE_RATE / 2) * (NUM_FILTERS + 1))) - 1


def main():
    vowel = make_vowel()
    cepstra = mfcc(vowel)
    assert cepstra.shape == (1 + (8000 - 400) // 160, 13)
    mean = envelope(cepstra).mean(axis=0)
    peaks = [j for j in range(1, NUM_FILTERS - 1) if mean[j - 1] < mean[j] > mean[j + 1]]
    print(f"vowel: envelope peaks in mel bands {peaks}")
    for frequency in (900.0, 2440.0):  # the first two formants are too close for 13 coefficients
        assert min(abs(j - frequency_to_band(frequency)) for j in peaks) <= 1

    # A gain of two adds log(4) to each band: all of it in coefficient 0.
    louder = mfcc(2.0 * vowel) - cepstra
    assert np.allclose(louder[:, 0], np.log(4.0) * np.sqrt(NUM_FILTERS), atol=1e-9)
    assert np.allclose(louder[:, 1:], 0.0, atol=1e-9)

    tone = envelope(mfcc(make_tone()))
    assert np.all(np.abs(np.argmax(tone, axis=1) - frequency_to_band(1000.0)) <= 1)
    print(f"tone: strongest in mel band {np.argmax(tone.mean(axis=0))}")


if __name__ == "__main__":
    main()
