"""GPS L1 C/A acquisition: parallel code-phase search by FFT over a grid of Doppler bins.

Sources: IS-GPS-200 (3.3.2.3, table 3-Ia) for the code; van Nee and Coenen, "New fast GPS code-acquisition
technique using FFT", Electronics Letters 27 (1991), for the search.
"""

import numpy as np

SAMPLE_RATE = 2.048e6  # Hz
CHIP_RATE = 1.023e6  # Hz
CODE_LENGTH = 1023  # chips, 1 ms
SAMPLES_PER_CODE = 2048
DOPPLERS = np.arange(-5000.0, 5001.0, 500.0)  # Hz

# Stages of the G2 register that are added to select the code of satellites 1 to 32.
G2_TAPS = [
    (2, 6), (3, 7), (4, 8), (5, 9), (1, 9), (2, 10), (1, 8), (2, 9),
    (3, 10), (2, 3), (3, 4), (5, 6), (6, 7), (7, 8), (8, 9), (9, 10),
    (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9), (1, 3), (4, 6),
    (5, 7), (6, 8), (7, 9), (8, 10), (1, 6), (2, 7), (3, 8), (4, 9),
]


def ca_code(prn):
    """The 1023 chips (0 or 1) of satellite `prn`, 1 to 32."""
    tap_a, tap_b = G2_TAPS[prn - 1]
    g1 = [1] * 10
    g2 = [1] * 10
    chips = np.zeros(CODE_LENGTH, dtype=np.int64)
    for k in range(CODE_LENGTH):
        chips[k] = g1[9] ^ g2[tap_a - 1] ^ g2[tap_b - 1]
        feedback1 = g1[2] ^ g1[9]
        feedback2 = g2[1] ^ g2[2] ^ g2[5] ^ g2[7] ^ g2[8] ^ g2[9]
        g1 = [feedback1] + g1[:9]
        g2 = [feedback2] + g2[:9]
    return chips


def sample_code(prn):
    """One code period as +1/-1 at the sample rate."""
    n = np.arange(SAMPLES_PER_CODE)
    index = np.floor(n * (CHIP_RATE / SAMPLE_RATE)).astype(np.int64) % CODE_LENGTH
    return 1.0 - 2.0 * ca_code(prn)[index]


def acquire(samples, prn):
    """Search satellite `prn` in complex128[n] baseband samples at 2.048 MHz.

    The power of as many whole code periods as there are is summed (non-coherent integration).
    Returns the code delay in chips, the Doppler in Hz and the peak metric: highest peak over the highest value
    at least two chips away in the same Doppler bin. Above about 2 the satellite is there.
    """
    replica = np.conj(np.fft.fft(sample_code(prn)))
    t = np.arange(SAMPLES_PER_CODE) / SAMPLE_RATE
    periods = len(samples) // SAMPLES_PER_CODE
    surface = np.zeros((len(DOPPLERS), SAMPLES_PER_CODE))
    for row, doppler in enumerate(DOPPLERS):
        wipe_off = np.exp(-2j * np.pi * doppler * t)
        for k in range(periods):
            segment = samples[k * SAMPLES_PER_CODE:(k + 1) * SAMPLES_PER_CODE] * wipe_off
            correlation = np.fft.ifft(np.fft.fft(segment) * replica)
            surface[row] += np.abs(correlation) ** 2

    row, delay = np.unravel_index(np.argmax(surface), surface.shape)
    guard = int(np.ceil(2 * SAMPLE_RATE / CHIP_RATE))
    around = np.roll(surface[row], -delay)
    second = around[guard:SAMPLES_PER_CODE - guard + 1].max()
    code_delay = delay * CHIP_RATE / SAMPLE_RATE
    return code_delay, DOPPLERS[row], around[0] / second
