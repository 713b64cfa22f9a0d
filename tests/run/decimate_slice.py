# Decimation by a stepped slice.
# family: polyphase-resample
# entry: keep_every
# compare: exact
import numpy as np

def keep_every(x, phase):
    return x[phase::4]

if __name__ == "__main__":
    x = np.arange(40, dtype=np.float64)
    keep_every(x, 0)
    keep_every(x, 3)
