# Mean and standard deviation along an axis.
# family: reductions
# entry: column_stats
# compare: derived
import numpy as np

def column_stats(a):
    return a.mean(axis=0), a.std(axis=0)

if __name__ == "__main__":
    rng = np.random.default_rng(36)
    column_stats(rng.standard_normal((12, 5)))
