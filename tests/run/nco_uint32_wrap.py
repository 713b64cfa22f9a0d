# Phase accumulation in a uint32 array that wraps.
# family: nco-mixer
# entry: phases
# compare: exact
import numpy as np

def phases(n, fcw):
    steps = np.full(n, fcw, dtype=np.uint32)
    acc = np.cumsum(steps, dtype=np.uint32)
    return acc >> np.uint32(22)

if __name__ == "__main__":
    phases(80, 400000003)
