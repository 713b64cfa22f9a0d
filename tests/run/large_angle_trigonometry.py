# Sine and cosine of large and tiny angles.
# family: math
# entry: trig
# compare: derived
import numpy as np

def trig(x):
    return np.sin(x), np.cos(x)

if __name__ == "__main__":
    trig(np.array([0.0, 1e-300, 1e-8, 3.141592653589793, 1e3, 1e6, 123456789.125, 1e15]))
