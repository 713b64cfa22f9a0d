# np.vectorize over a scalar function and np.fromiter of a generator expression.
# family: functions
# entry: mapped
# compare: derived
import numpy as np

def soft(v, t):
    if v > t:
        return v - t
    if v < -t:
        return v + t
    return 0.0

def mapped(x):
    f = np.vectorize(soft)
    return f(x, 0.5), np.fromiter((soft(v, 1.0) for v in x), dtype=float)

if __name__ == "__main__":
    mapped(np.array([0.2, -2.0, 3.0, 0.7]))
