# Histograms by bincount, histogram and digitize.
# family: reductions
# entry: counts
# compare: exact
import numpy as np

def counts(x):
    bins = np.array([0, 2, 4, 6, 8])
    h, edges = np.histogram(x, bins=bins)
    return np.bincount(x, minlength=10), h, np.digitize(x, bins), edges

if __name__ == "__main__":
    rng = np.random.default_rng(274)
    counts(rng.integers(0, 10, 40))
