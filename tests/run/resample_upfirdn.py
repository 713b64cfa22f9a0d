# The upfirdn routine with a windowed-sinc prototype.
# family: polyphase-resample
# entry: rate_change
# compare: derived
import numpy as np
from scipy.signal import firwin, upfirdn

def rate_change(x):
    h = 5 * firwin(51, 1 / 5, window=("kaiser", 5.0))
    return upfirdn(h, x, up=5, down=4)

if __name__ == "__main__":
    rng = np.random.default_rng(50)
    rate_change(rng.standard_normal(64))
