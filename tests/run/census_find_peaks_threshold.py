# Local maxima by find_peaks and by comparisons of shifted slices.
# family: cfar
# entry: peaks
# compare: exact
import numpy as np
from scipy.signal import find_peaks

def peaks(x, height):
    p, _ = find_peaks(x, height=height, distance=3)
    q = np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] > x[2:]) & (x[1:-1] >= height)) + 1
    return p, q

if __name__ == "__main__":
    peaks(np.array([0, 5, 1, 7, 2, 2, 9, 0, 3, 3, 1, 8, 4]), 3)
