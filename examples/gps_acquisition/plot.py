"""Writes plot.png: peak metric of all 32 satellites and the correlation over code delay for one of them."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import SATELLITES, make_input
from gps_acquisition import CHIP_RATE, SAMPLE_RATE, SAMPLES_PER_CODE, acquire, sample_code

samples = make_input()
metrics = [acquire(samples, prn)[2] for prn in range(1, 33)]
prn = 7
delay, doppler, _ = acquire(samples, prn)
t = np.arange(SAMPLES_PER_CODE) / SAMPLE_RATE
periods = samples.reshape(-1, SAMPLES_PER_CODE) * np.exp(-2j * np.pi * doppler * t)
replica = np.conj(np.fft.fft(sample_code(prn)))
power = np.sum(np.abs(np.fft.ifft(np.fft.fft(periods, axis=1) * replica, axis=1)) ** 2, axis=0)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
colors = ["C1" if k in SATELLITES else "0.6" for k in range(1, 33)]
left.bar(range(1, 33), metrics, color=colors)
left.axhline(2, color="k", lw=0.8, ls="--")
left.set(title="peak metric (present: orange)", xlabel="PRN", ylabel="highest / second peak")
right.plot(t * CHIP_RATE, power / power.max(), lw=0.6)
right.set(title=f"PRN {prn} at {doppler:.0f} Hz", xlabel="code delay (chips)", ylabel="correlation power (of maximum)")
fig.savefig(Path(__file__).with_name("plot.png"), dpi=80)
