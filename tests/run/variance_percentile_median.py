# Variance with ddof, median, percentile and average with weights.
# family: reductions
# entry: spread_stats
# compare: derived
import numpy as np

def spread_stats(x, w):
    return np.var(x), np.var(x, ddof=1), np.median(x), np.percentile(x, [10, 50, 90]), np.average(x, weights=w)

if __name__ == "__main__":
    rng = np.random.default_rng(273)
    spread_stats(rng.standard_normal(25), rng.uniform(0.1, 1, 25))
    spread_stats(rng.standard_normal(16), rng.uniform(0.1, 1, 16))
