# Sum of squared first differences.
# family: reductions
# entry: roughness
# compare: derived
import numpy as np

def roughness(x):
    d = np.diff(x)
    return np.sum(d * d)

if __name__ == "__main__":
    rng = np.random.default_rng(18)
    roughness(rng.standard_normal(90))
