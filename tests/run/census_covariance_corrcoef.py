# np.cov of two channels, correlation and a Mahalanobis distance.
# family: reductions
# entry: covariances
# compare: derived
import numpy as np

def covariances(a, b):
    C = np.cov(a, b)
    r = np.corrcoef(np.vstack((a, b)))[0, 1]
    d = np.array([a[0] - a.mean(), b[0] - b.mean()])
    return C, r, np.sqrt(d @ np.linalg.inv(C) @ d)

if __name__ == "__main__":
    rng = np.random.default_rng(353)
    a = rng.standard_normal(30)
    covariances(a, 0.5 * a + rng.standard_normal(30))
