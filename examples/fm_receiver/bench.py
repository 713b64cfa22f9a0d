"""A station with two tones beside a stronger neighbour; the tones must come back with the right level."""

import numpy as np

from fm_receiver import AUDIO_RATE, DEVIATION, SAMPLE_RATE, demodulate

STATION = 60e3
TONES = ((1000.0, 0.5), (3000.0, 0.3))  # Hz, part of full deviation
DELAY = (32 + 64 - 0.5) / SAMPLE_RATE  # both FIRs, less the half sample by which the discriminator looks ahead


def make_input(n, seed=98):
    """complex64[n] at 384 kHz: the wanted station at +60 kHz, noise 40 dB down, a carrier at -150 kHz."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / SAMPLE_RATE
    phase = 2 * np.pi * STATION * t
    for frequency, level in TONES:
        phase += DEVIATION * level / frequency * (1 - np.cos(2 * np.pi * frequency * t))
    noise = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    x = np.exp(1j * phase) + 0.007 * noise + 1.5 * np.exp(-2j * np.pi * 150e3 * t)
    return x.astype(np.complex64)


def expected_audio(m, tau=50e-6):
    """The tones after de-emphasis, on the receiver's time axis."""
    t = np.arange(m) / AUDIO_RATE - DELAY
    pole = np.exp(-1 / (tau * AUDIO_RATE))
    y = np.zeros(m)
    for frequency, level in TONES:
        gain = (1 - pole) / (1 - pole * np.exp(-2j * np.pi * frequency / AUDIO_RATE))
        y += level * np.imag(gain * np.exp(2j * np.pi * frequency * t))
    return y


def main():
    for n in (38400, 20001):
        audio = demodulate(make_input(n))
        assert len(audio) == (n - 1 + 7) // 8
        settled = slice(200, None)
        wanted = expected_audio(len(audio))[settled]
        error = audio[settled] - wanted
        snr = 10 * np.log10(np.mean(wanted**2) / np.mean(error**2))
        print(f"{n} samples: audio SNR {snr:.1f} dB")
        assert snr > 40, snr


if __name__ == "__main__":
    main()
