"""Writes plot.png: the track in the plane and its position error."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bench import DT, OUTLIERS, make_input, measurement_sqrt
from kalman_tracker import KalmanTracker

truth, z = make_input()
root = measurement_sqrt()
states, _ = KalmanTracker(DT, acceleration=2.0, measurement_cov=root @ root.T).track(z)
inliers = np.delete(z, OUTLIERS, axis=0)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(inliers[:, 0], inliers[:, 1], ".", color="0.75", ms=4, label="measured")
left.plot(truth[:, 0], truth[:, 1], "k", lw=0.8, label="true")
left.plot(states[:, 0], states[:, 1], "C1", lw=1.2, label="tracked")
left.set(title="track (outliers not shown)", xlabel="x (m)", ylabel="y (m)", aspect="equal")
left.legend()
time = DT * np.arange(len(z))
measured = np.linalg.norm(z - truth[:, :2], axis=1)
measured[list(OUTLIERS)] = np.nan
right.plot(time, measured, color="0.75", lw=0.8, label="measured")
right.plot(time, np.linalg.norm(states[:, :2] - truth[:, :2], axis=1), "C1", lw=1.2, label="tracked")
for k in OUTLIERS:
    right.axvline(time[k], color="C3", lw=0.8, ls=":")
right.set(title="position error (outliers dotted)", xlabel="time (s)", ylabel="m")
right.legend()
fig.savefig(Path(__file__).with_name("plot.png"), dpi=70)
