# A CIC decimator with wrapping int32 integrators.
# family: cic
# entry: cic
# compare: exact
import numpy as np

def cic(x, r=8):
    acc = x.astype(np.int32)
    for _ in range(3):
        acc = np.cumsum(acc, dtype=np.int32)
    y = acc[r - 1::r]
    for _ in range(3):
        y = np.concatenate((y[:1], np.diff(y)))
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(72)
    cic(rng.integers(-32768, 32767, 400))
