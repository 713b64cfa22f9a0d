# Differences with a value in front, so that there is one for each sample.
# family: streaming
# entry: slope
# compare: derived
import numpy as np

def slope(x):
    return np.diff(x, prepend=1.5)

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        slope(rng.standard_normal(n))
