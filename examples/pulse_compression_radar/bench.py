"""Three targets that lie below the noise in each sample, one standing still; all found, and nothing else."""

import numpy as np

from pulse_compression_radar import (
    CARRIER,
    PULSE_INTERVAL,
    PULSE_SAMPLES,
    RANGE_CELL,
    SPEED_OF_LIGHT,
    chirp,
    detect,
)

PULSES = 32
SAMPLES = 384
# Range in m, closing speed in m/s, signal-to-noise ratio of one sample in dB.
TARGETS = ((915.0, 25.0, -8.0), (2010.0, -46.0, -12.0), (2700.0, 0.0, -5.0))


def make_input(targets=TARGETS, seed=10):
    """complex128[PULSES, SAMPLES] with noise of unit power."""
    rng = np.random.default_rng(seed)
    echoes = (rng.standard_normal((PULSES, SAMPLES)) + 1j * rng.standard_normal((PULSES, SAMPLES))) / np.sqrt(2)
    pulse = chirp()
    time = np.arange(PULSES) * PULSE_INTERVAL
    for distance, speed, snr in targets:
        cell = int(round(distance / RANGE_CELL))
        doppler = 2 * speed * CARRIER / SPEED_OF_LIGHT
        phase = np.exp(1j * (2 * np.pi * doppler * time + rng.uniform(0, 2 * np.pi)))
        echoes[:, cell:cell + PULSE_SAMPLES] += 10 ** (snr / 20) * phase[:, np.newaxis] * pulse
    return echoes


def main():
    ranges, speeds, margins = detect(make_input())
    for distance, speed, margin in zip(ranges, speeds, margins):
        print(f"{distance:7.1f} m {speed:7.1f} m/s {margin:5.1f} dB over threshold")
    assert len(ranges) == len(speeds) == len(margins) == len(TARGETS)
    speed_step = SPEED_OF_LIGHT / (2 * CARRIER * PULSE_INTERVAL * PULSES)
    for distance, speed, _ in TARGETS:
        k = np.argmin(np.abs(ranges - distance))
        assert abs(ranges[k] - distance) <= RANGE_CELL
        assert abs(speeds[k] - speed) <= 0.6 * speed_step
    assert np.all(margins > 0)
    empty = detect(make_input(targets=(), seed=11))
    assert len(empty[0]) == 0


if __name__ == "__main__":
    main()
