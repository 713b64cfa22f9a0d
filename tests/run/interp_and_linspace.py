# Table lookup with interp inside and outside the table.
# family: math
# entry: lookup
# compare: derived
import numpy as np

def lookup(x):
    xp = np.linspace(0.0, 1.0, 6)
    fp = np.logspace(0, 2, 6)
    return np.interp(x, xp, fp), np.interp(x, xp, fp, left=-1.0, right=-2.0), np.geomspace(1, 8, 4) * x[0]

if __name__ == "__main__":
    lookup(np.array([-0.5, 0.0, 0.05, 0.39, 0.8, 1.0, 1.5]))
