# Star arguments, starred unpacking and tuple returns.
# family: functions
# entry: combine
# compare: derived
import numpy as np

def weighted(*signals, weights):
    out = np.zeros(len(signals[0]))
    for s, w in zip(signals, weights):
        out += w * s
    return out, len(signals)

def combine(x):
    first, *rest = x[0], x[1], x[2]
    y, n = weighted(first, *rest, weights=[1.0, -2.0, 0.5])
    return y / n

if __name__ == "__main__":
    rng = np.random.default_rng(236)
    combine(rng.standard_normal((3, 8)))
