"""Writes plot.png: spectrum of the received band and the audio beside what was sent."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import welch

from bench import expected_audio, make_input
from fm_receiver import AUDIO_RATE, SAMPLE_RATE, demodulate

samples = make_input(38400)
audio = demodulate(samples)
frequency, density = welch(samples, SAMPLE_RATE, nperseg=1024, return_onesided=False, detrend=False)
order = np.argsort(frequency)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(frequency[order] / 1e3, 10 * np.log10(density[order]), lw=0.8)
left.set(title="received band", xlabel="frequency (kHz)", ylabel="power density (dB/Hz)")
t = np.arange(len(audio)) / AUDIO_RATE * 1e3
part = slice(480, 720)
right.plot(t[part], expected_audio(len(audio))[part], "0.7", lw=4, label="sent, de-emphasised")
right.plot(t[part], audio[part], lw=1, label="demodulated")
right.set(title="audio", xlabel="time (ms)", ylabel="part of full deviation")
right.legend(loc="upper right")
fig.savefig(Path(__file__).with_name("plot.png"), dpi=80)
