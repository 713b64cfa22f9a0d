"""Writes plot.png: magnitude of one decoded frame (from the recording when it is there) with its bits."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import make_synthetic, recording_path
from mode_s_decoder import FRAME_SAMPLES, PREAMBLE_SAMPLES, decode, magnitude_squared

path = recording_path()
iq = np.fromfile(path, dtype=np.uint8) if path.exists() else make_synthetic()[0]
count, frames, offsets = decode(iq)
magnitude = np.sqrt(magnitude_squared(iq)) / 2
start = offsets[0]
shown = 2 * 24 + PREAMBLE_SAMPLES
fig, (top, bottom) = plt.subplots(2, 1, figsize=(9, 4.6), layout="constrained")
n = np.arange(start - 20, start + FRAME_SAMPLES + 20)
top.plot((n - start) / 2, magnitude[n], lw=0.8)
top.set(title=f"frame {bytes(frames[0]).hex()} at sample {start}", ylabel="magnitude")
n = np.arange(start, start + shown)
bottom.stem((n - start) / 2, magnitude[n], linefmt="C0", markerfmt=".", basefmt=" ")
for k, bit in enumerate(np.unpackbits(frames[0])[:24]):
    bottom.text(8 + k + 0.25, magnitude[n].max() * 1.05, str(bit), ha="center")
    bottom.axvline(8 + k - 0.25, color="0.85", lw=0.8)
bottom.set(title="preamble and first 24 bits", xlabel="time (us)", ylabel="magnitude")
bottom.set(ylim=(0, magnitude[n].max() * 1.2))
fig.savefig(Path(__file__).with_name("plot.png"), dpi=70)
