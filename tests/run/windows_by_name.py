# A window chosen by a string mode.
# family: fft-windows
# entry: windowed
# compare: derived
import numpy as np

def windowed(x, window="hamming"):
    n = np.arange(len(x))
    m = len(x) - 1
    if window == "hamming":
        w = 0.54 - 0.46 * np.cos(2 * np.pi * n / m)
    elif window == "triangle":
        w = 1 - np.abs(2 * n / m - 1)
    elif window in ("rect", "boxcar"):
        w = np.ones(len(x))
    else:
        raise ValueError("unknown window " + window)
    return x * w

if __name__ == "__main__":
    x = np.arange(1.0, 20.0)
    windowed(x)
    windowed(x, "triangle")
    windowed(x, window="boxcar")
