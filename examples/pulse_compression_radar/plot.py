"""Writes plot.png: range-Doppler map with the detections."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import PULSES, make_input
from pulse_compression_radar import (
    CARRIER,
    PULSE_INTERVAL,
    RANGE_CELL,
    SPEED_OF_LIGHT,
    compress,
    detect,
    doppler_map,
)

echoes = make_input()
level = 10 * np.log10(doppler_map(compress(echoes)))
ranges, speeds, margins = detect(echoes)
step = SPEED_OF_LIGHT / (2 * CARRIER * PULSE_INTERVAL * PULSES)
extent = (0, level.shape[1] * RANGE_CELL / 1e3, -(PULSES / 2 + 0.5) * step, (PULSES / 2 - 0.5) * step)
fig, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
image = axes.imshow(
    level, origin="lower", aspect="auto", extent=extent, vmin=level.max() - 35, cmap="gray_r", interpolation="nearest"
)
axes.scatter(ranges / 1e3, speeds, s=160, facecolors="none", edgecolors="C3", linewidths=1.5)
for distance, speed, margin in zip(ranges, speeds, margins):
    axes.annotate(f"+{margin:.0f} dB", (distance / 1e3, speed), (12, 6), textcoords="offset points", color="C3")
axes.set(title="range-Doppler map and CFAR detections", xlabel="range (km)", ylabel="closing speed (m/s)")
fig.colorbar(image, label="power (dB)")
fig.savefig(Path(__file__).with_name("plot.png"), dpi=72)
