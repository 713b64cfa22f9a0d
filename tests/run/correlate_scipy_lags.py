# Cross-correlation with scipy and its lag axis.
# family: correlation
# entry: xcorr
# compare: derived
import numpy as np
from scipy import signal

def xcorr(a, b):
    c = signal.correlate(a, b, mode="full", method="direct")
    lags = signal.correlation_lags(len(a), len(b), mode="full")
    return c, lags[np.argmax(np.abs(c))]

if __name__ == "__main__":
    rng = np.random.default_rng(104)
    a = rng.standard_normal(40)
    xcorr(a, a[11:31])
