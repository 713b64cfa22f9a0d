"""Two bursts with carrier, clock and phase offset at Eb/N0 = 12 dB; no bit error after the loops have settled."""

import numpy as np

from bpsk_receiver import SAMPLES_PER_SYMBOL, demodulate, rrc_taps

SETTLING = 200  # symbols
BURSTS = ((1200, 0.004, 300e-6, 0.37), (1500, -0.007, -150e-6, 0.81))  # symbols, carrier, clock, delay in symbols


def make_burst(num_symbols, carrier, clock, delay, ebn0=12.0, seed=6):
    """Bits and complex128 samples; `carrier` in cycles per symbol, `clock` the relative error of the symbol rate."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, num_symbols)
    levels = 1.0 - 2.0 * (np.cumsum(bits) % 2)
    # Shaped at 32 points per symbol, then read at the receiver's slightly wrong instants.
    upsampled = np.zeros(num_symbols * 32)
    upsampled[::32] = levels
    pulse = rrc_taps(sps=32) * np.sqrt(32 / SAMPLES_PER_SYMBOL)
    shaped = np.convolve(upsampled, pulse, mode="same")
    n = np.arange((num_symbols - 2) * SAMPLES_PER_SYMBOL)
    symbol_time = (n * (1 + clock)) / SAMPLES_PER_SYMBOL + delay
    x = np.interp(symbol_time * 32, np.arange(len(shaped)), shaped)
    x = x * np.exp(2j * np.pi * carrier * symbol_time + 1j * rng.uniform(0, 2 * np.pi))
    # The pulse has unit energy per bit, so the noise density is 1 / (Eb/N0), half of it in each component.
    sigma = np.sqrt(10 ** (-ebn0 / 10) / 2)
    return bits, x + sigma * (rng.standard_normal(len(n)) + 1j * rng.standard_normal(len(n)))


def align(found, sent, search=4):
    """Shift of `found` against `sent` with the fewest differences after settling, and their number."""
    best = (0, len(sent))
    for shift in range(-search, search + 1):
        k = np.arange(SETTLING, min(len(found), len(sent)) - search - 8)
        errors = int(np.sum(found[k] != sent[k + shift]))
        if errors < best[1]:
            best = (shift, errors)
    return best


def main():
    for seed, (num_symbols, carrier, clock, delay) in enumerate(BURSTS):
        sent, samples = make_burst(num_symbols, carrier, clock, delay, seed=60 + seed)
        bits, frequency = demodulate(samples)
        shift, errors = align(bits, sent)
        print(f"{len(bits)} bits, {errors} errors, carrier {frequency:.5f} cycles/symbol (sent {carrier:.5f})")
        assert abs(len(bits) - num_symbols) <= 8
        assert errors == 0
        assert abs(frequency - carrier) < 1e-3


if __name__ == "__main__":
    main()
