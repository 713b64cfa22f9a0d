# Long sums with cancellation, in one dimension and along both axes.
# family: reductions
# entry: balanced
# compare: derived
import numpy as np

def balanced(x):
    y = np.concatenate((x, -x[::-1] * (1 + 1e-6)))
    a = y.reshape(40, -1)
    return np.sum(y), a.sum(axis=0), a.sum(axis=1), np.mean(y), sum(float(v) for v in y)

if __name__ == "__main__":
    rng = np.random.default_rng(392)
    balanced(1e3 * rng.standard_normal(1000))
