# Degrees and radians, angle wrapping and hypot over arrays.
# family: math
# entry: bearings
# compare: derived
import numpy as np

def bearings(x, y):
    b = np.degrees(np.arctan2(x, y)) % 360.0
    d = np.deg2rad(b)
    diff = (np.diff(d) + np.pi) % (2 * np.pi) - np.pi
    return b, diff, np.hypot(x, y)

if __name__ == "__main__":
    rng = np.random.default_rng(312)
    bearings(rng.standard_normal(20), rng.standard_normal(20))
