# FIR output by dot products of reversed taps with slices.
# family: fir
# entry: fir_valid
# compare: derived
import numpy as np

def fir_valid(x, taps):
    n_out = len(x) - len(taps) + 1
    rev = taps[::-1]
    y = np.empty(n_out)
    for i in range(n_out):
        y[i] = np.dot(rev, x[i:i + len(taps)])
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(3)
    fir_valid(rng.standard_normal(80), rng.standard_normal(11))
