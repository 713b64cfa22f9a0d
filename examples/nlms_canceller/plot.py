"""Writes plot.png: echo and residual over time, and the learnt echo path."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import make_input
from nlms_canceller import NlmsCanceller


def level(x):
    """Power in dB over 50 samples."""
    return 10 * np.log10(np.convolve(x**2, np.ones(50) / 50, mode="valid"))


x, d, echo, near_end, path = make_input()
canceller = NlmsCanceller(num_taps=32, step=0.5)
residual = canceller.process(x, d)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(level(d), lw=0.8, label="primary")
left.plot(level(residual), lw=0.8, label="residual")
left.plot(level(near_end), "k--", lw=0.8, label="near end")
left.set(title="power over time", xlabel="sample", ylabel="dB")
left.legend()
right.stem(np.arange(24), path, linefmt="0.7", markerfmt="o", basefmt=" ", label="echo path")
right.plot(canceller.weights, "x", color="C1", label="weights")
right.set(title="what was learnt", xlabel="tap", ylabel="gain")
right.legend()
fig.savefig(Path(__file__).with_name("plot.png"), dpi=80)
