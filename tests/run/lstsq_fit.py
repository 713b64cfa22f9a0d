# Least squares by lstsq and by pinv on a tall matrix.
# family: linalg
# entry: fit
# compare: derived
import numpy as np

def fit(t, y):
    A = np.column_stack([np.ones_like(t), t, t ** 2])
    c, res, rank, sv = np.linalg.lstsq(A, y, rcond=None)
    return c, np.linalg.pinv(A) @ y, rank

if __name__ == "__main__":
    rng = np.random.default_rng(295)
    t = np.linspace(-1, 1, 15)
    fit(t, 1 + 2 * t - 0.5 * t ** 2 + 0.05 * rng.standard_normal(15))
