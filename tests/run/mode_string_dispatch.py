# A string mode passed on to library calls and compared in lower case.
# family: strings-modes
# entry: smooth
# compare: derived
import numpy as np

def smooth(x, mode="Valid", kind="mean"):
    k = np.ones(3) / 3 if kind == "mean" else np.array([0.25, 0.5, 0.25])
    if mode.lower() not in ("full", "same", "valid"):
        raise ValueError(f"bad mode {mode}")
    return np.convolve(x, k, mode=mode.lower())

if __name__ == "__main__":
    x = np.arange(8.0) ** 2
    smooth(x)
    smooth(x, "FULL")
    smooth(x, mode="same", kind="hann")
