"""Two satellites at 45 dB-Hz and one that is not there."""

import numpy as np

from gps_acquisition import CHIP_RATE, CODE_LENGTH, SAMPLE_RATE, acquire, ca_code

# First ten chips in octal, IS-GPS-200 table 3-Ia.
FIRST_CHIPS = (
    "1440 1620 1710 1744 1133 1455 1131 1454 1626 1504 1642 1750 1764 1772 1775 1776 "
    "1156 1467 1633 1715 1746 1763 1063 1706 1743 1761 1770 1774 1127 1453 1625 1712"
).split()
SATELLITES = {7: (312.4, 1730.0), 21: (871.9, -3180.0)}  # PRN: delay in chips, Doppler in Hz
ABSENT = 13


def make_input(milliseconds=10, carrier_to_noise=45.0, seed=1575):
    """complex128 samples at 2.048 MHz with noise of unit power."""
    rng = np.random.default_rng(seed)
    n = int(SAMPLE_RATE * 1e-3) * milliseconds
    t = np.arange(n) / SAMPLE_RATE
    x = (rng.standard_normal(n) + 1j * rng.standard_normal(n)) / np.sqrt(2)
    amplitude = np.sqrt(10 ** (carrier_to_noise / 10) / SAMPLE_RATE)
    for prn, (delay, doppler) in SATELLITES.items():
        chip_rate = CHIP_RATE * (1 + doppler / 1575.42e6)
        chip = np.floor(t * chip_rate - delay).astype(int) % CODE_LENGTH
        code = 1.0 - 2.0 * ca_code(prn)[chip]
        x += amplitude * code * np.exp(1j * (2 * np.pi * doppler * t + rng.uniform(0, 2 * np.pi)))
    return x


def main():
    for prn, octal in enumerate(FIRST_CHIPS, start=1):
        assert int("".join(str(c) for c in ca_code(prn)[:10]), 2) == int(octal, 8), prn
    x = make_input()
    for prn, (delay, doppler) in SATELLITES.items():
        found_delay, found_doppler, metric = acquire(x, prn)
        print(f"PRN {prn}: delay {found_delay:.1f} chips, Doppler {found_doppler:.0f} Hz, metric {metric:.2f}")
        assert abs(found_delay - delay) < 0.6
        assert abs(found_doppler - doppler) <= 250
        assert metric > 2
    metric = acquire(x, ABSENT)[2]
    print(f"PRN {ABSENT}: metric {metric:.2f}, not there")
    assert metric < 1.5


if __name__ == "__main__":
    main()
