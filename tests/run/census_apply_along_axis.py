# apply_along_axis with a function of a row, and broadcast_to.
# family: functions
# entry: per_row
# compare: derived
import numpy as np

def per_row(a):
    def scaled(row):
        return (row - row.min()) / (row.max() - row.min())
    return np.apply_along_axis(scaled, 1, a), np.broadcast_to(a[0], (2, a.shape[1])) + a[:2]

if __name__ == "__main__":
    rng = np.random.default_rng(355)
    per_row(rng.standard_normal((3, 6)))
