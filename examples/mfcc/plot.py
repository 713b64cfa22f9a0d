"""Writes plot.png: cepstra of the vowel over time and the spectral envelope that they describe."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import FORMANTS, envelope, make_vowel
from mfcc import FRAME_STEP, NUM_FILTERS, SAMPLE_RATE, hz_to_mel, mel_to_hz, mfcc

cepstra = mfcc(make_vowel())
centres = mel_to_hz(np.arange(1, NUM_FILTERS + 1) * hz_to_mel(SAMPLE_RATE / 2) / (NUM_FILTERS + 1))
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
end = len(cepstra) * FRAME_STEP / SAMPLE_RATE
image = left.imshow(cepstra[:, 1:].T, origin="lower", aspect="auto", extent=(0, end, 0.5, 12.5), cmap="viridis")
left.set(title="cepstral coefficients", xlabel="time (s)", ylabel="coefficient")
fig.colorbar(image)
right.plot(centres / 1e3, envelope(cepstra).mean(axis=0) * 10 / np.log(10), "o-", ms=3)
for frequency, _ in FORMANTS:
    right.axvline(frequency / 1e3, color="C1", lw=0.8, ls="--")
right.set(title="envelope; formants dashed", xlabel="frequency (kHz)", ylabel="mel band energy (dB)")
fig.savefig(Path(__file__).with_name("plot.png"), dpi=80)
