# A bit slicer by np.where.
# family: control-flow
# entry: slicer
# compare: exact
import numpy as np

def slicer(x):
    return np.where(x > 0, 1, 0)

if __name__ == "__main__":
    rng = np.random.default_rng(16)
    slicer(rng.standard_normal(40))
