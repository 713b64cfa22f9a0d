# A polyphase interpolator that writes each branch into a stepped slice.
# family: polyphase-resample
# entry: interpolate
# compare: derived
import numpy as np
from scipy import signal

def interpolate(x, up=3):
    h = up * signal.firwin(24, 1.0 / up)
    y = np.zeros(len(x) * up)
    for p in range(up):
        y[p::up] = signal.lfilter(h[p::up], [1.0], x)
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(47)
    interpolate(rng.standard_normal(40))
    interpolate(rng.standard_normal(25))
