"""A target that turns once, seen by a radar that is better in range than across, with three outliers of a kilometre."""

import numpy as np

from kalman_tracker import KalmanTracker

DT = 0.5
RANGE_STD = 3.0
CROSS_STD = 12.0
BEARING = np.radians(20.0)
OUTLIERS = (60, 110, 171)


def measurement_sqrt():
    """A square root of the measurement covariance, float64[2, 2] in m: range and cross-range error seen under a bearing."""
    c, s = np.cos(BEARING), np.sin(BEARING)
    return np.array([[c, -s], [s, c]]) @ np.diag([RANGE_STD, CROSS_STD])


def make_input(n=240, seed=4):
    """True states float64[n, 4] and measurements float64[n, 2]."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((n, 4))
    position = np.array([1000.0, -500.0])
    velocity = np.array([30.0, 10.0])
    for k in range(n):
        if 100 <= k < 140:  # turn by 90 degrees in 20 s
            angle = np.pi / 2 / 40
            c, s = np.cos(angle), np.sin(angle)
            velocity = np.array([c * velocity[0] - s * velocity[1], s * velocity[0] + c * velocity[1]])
        position = position + DT * velocity
        truth[k] = np.concatenate((position, velocity))
    z = truth[:, :2] + rng.standard_normal((n, 2)) @ measurement_sqrt().T
    for k in OUTLIERS:
        z[k] += 1000.0
    return truth, z


def main():
    truth, z = make_input()
    root = measurement_sqrt()
    tracker = KalmanTracker(DT, acceleration=2.0, measurement_cov=root @ root.T)
    first, rejected_first = tracker.track(z[:100])
    rest, rejected_rest = tracker.track(z[100:])
    states = np.vstack((first, rest))
    assert rejected_first + rejected_rest == len(OUTLIERS)
    settled = np.arange(20, len(z))
    error = states[settled] - truth[settled]
    position_rms = np.sqrt(np.mean(np.sum(error[:, :2] ** 2, axis=1)))
    velocity_rms = np.sqrt(np.mean(np.sum(error[:, 2:] ** 2, axis=1)))
    print(f"rms error {position_rms:.2f} m (measured {np.hypot(RANGE_STD, CROSS_STD):.2f} m), {velocity_rms:.2f} m/s")
    assert position_rms < 0.8 * np.hypot(RANGE_STD, CROSS_STD)
    assert velocity_rms < 3.5
    assert np.all(np.linalg.eigvalsh(tracker.P) > 0)


if __name__ == "__main__":
    main()
