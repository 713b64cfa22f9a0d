# Zero stuffing by a stepped store.
# family: polyphase-resample
# entry: upsample
# compare: exact
import numpy as np

def upsample(x, factor=3):
    y = np.zeros(len(x) * factor)
    y[::factor] = x
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(10)
    upsample(rng.standard_normal(20))
    upsample(rng.standard_normal(7))
