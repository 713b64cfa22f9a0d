# Elementwise gain and offset with default arguments.
# family: functions
# entry: scale
# compare: derived
import numpy as np

def scale(x, gain=2.0, offset=-0.5):
    return gain * x + offset

if __name__ == "__main__":
    x = np.linspace(-1.0, 1.0, 21)
    scale(x)
    scale(x, 0.25)
    scale(x, offset=3.0)
