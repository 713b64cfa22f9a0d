"""Writes plot.png: received samples, and where the bit errors end as the loops settle."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import BURSTS, align, make_burst
from bpsk_receiver import demodulate, recover_timing, rrc_taps

num_symbols, carrier, clock, delay = BURSTS[0]
sent, samples = make_burst(num_symbols, carrier, clock, delay, seed=60)
bits, frequency = demodulate(samples)
matched = np.convolve(samples, rrc_taps(), mode="same")
symbols = recover_timing(matched / np.sqrt(np.mean(np.abs(matched) ** 2)))
settled = np.arange(200, len(symbols) - 20)
# Squaring removes the modulation and leaves twice the carrier phase.
phase = np.unwrap(np.angle(symbols[settled] ** 2)) / 2
slope, start = np.polyfit(settled, phase, 1)
derotated = symbols[settled] * np.exp(-1j * (slope * settled + start))
fig, axes = plt.subplots(1, 3, figsize=(10, 3.5), layout="constrained")
axes[0].plot(samples.real, samples.imag, ",")
axes[0].set(title="received samples", xlabel="I", ylabel="Q", aspect="equal")
axes[1].plot(derotated.real, derotated.imag, ".", ms=3)
axes[1].set(title="recovered symbols", xlabel="I", aspect="equal", ylim=(-1.6, 1.6))
shift, _ = align(bits, sent)
k = np.arange(max(0, -shift), min(len(bits), len(sent) - shift))
axes[2].plot(k, np.cumsum(bits[k] != sent[k + shift]), drawstyle="steps-post")
axes[2].set(title="bit errors so far", xlabel="bit", xlim=(-2, 100), ylim=(-0.5, None))
fig.savefig(Path(__file__).with_name("plot.png"), dpi=80)
