"""An echo path of 24 taps is learnt over three blocks, while a weak near-end tone passes."""

import numpy as np

from nlms_canceller import NlmsCanceller

BLOCKS = (1500, 1500, 1000)


def make_input(seed=32):
    """Reference noise, the echo path, and the primary signal: echo plus a near-end tone 60 dB below it."""
    rng = np.random.default_rng(seed)
    n = sum(BLOCKS)
    x = rng.standard_normal(n)
    path = rng.standard_normal(24) * np.exp(-np.arange(24) / 6)
    echo = np.convolve(x, path)[:n]
    near_end = 1e-3 * np.std(echo) * np.sqrt(2) * np.sin(2 * np.pi * 0.05 * np.arange(n))
    return x, echo + near_end, echo, near_end, path


def main():
    x, d, echo, near_end, path = make_input()
    canceller = NlmsCanceller(num_taps=32, step=0.5)
    residual = np.zeros(0)
    start = 0
    for size in BLOCKS:
        stop = start + size
        residual = np.append(residual, canceller.process(x[start:stop], d[start:stop]))
        start = stop
    settled = slice(1500, None)
    leak = residual[settled] - near_end[settled]
    enhancement = 10 * np.log10(np.mean(echo[settled] ** 2) / np.mean(leak**2))
    misalignment = np.linalg.norm(canceller.weights[:24] - path) / np.linalg.norm(path)
    print(f"echo down by {enhancement:.1f} dB, misalignment {misalignment:.2e}")
    assert enhancement > 55
    assert misalignment < 5e-3
    assert np.max(np.abs(canceller.weights[24:])) < 5e-3


if __name__ == "__main__":
    main()
