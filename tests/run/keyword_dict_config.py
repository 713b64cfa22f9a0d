# A configuration dict unpacked into keyword arguments.
# family: functions
# entry: configured
# compare: derived
import numpy as np

CONFIG = {"gain": 2.0, "taps": [0.25, 0.5, 0.25], "mode": "same"}

def stage(x, gain=1.0, taps=(1.0,), mode="full"):
    return gain * np.convolve(x, taps, mode=mode)

def configured(x):
    y = stage(x, **CONFIG)
    z = stage(x, **{**CONFIG, "gain": -1.0})
    return y + z

if __name__ == "__main__":
    rng = np.random.default_rng(235)
    configured(rng.standard_normal(20))
