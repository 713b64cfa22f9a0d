# Biased autocorrelation at the first lags.
# family: correlation
# entry: autocorr
# compare: derived
import numpy as np

def autocorr(x, maxlag):
    r = np.zeros(maxlag + 1)
    n = len(x)
    for k in range(maxlag + 1):
        r[k] = np.sum(x[k:] * x[:n - k]) / n
    return r / r[0]

if __name__ == "__main__":
    rng = np.random.default_rng(103)
    autocorr(rng.standard_normal(64), 8)
