# A float arange, its length rounded up, and a scaled linspace.
# family: math
# entry: time_axis
# compare: derived
import numpy as np

def time_axis(gain):
    t = np.arange(0, 1, 0.1)
    u = np.linspace(0, 1, 7, endpoint=False)
    return gain * t, gain * u, len(t)

if __name__ == "__main__":
    time_axis(2.0)
