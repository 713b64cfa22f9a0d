# None defaults, isinstance and np.isscalar select the path.
# family: functions
# entry: prepare
# compare: derived
import numpy as np

def prepare(x, window=None, scale=1.0):
    if np.isscalar(x):
        x = np.array([x])
    if window is None:
        window = np.ones(len(x))
    if isinstance(scale, (int, float)):
        return x * window * scale
    return x * window * scale[:len(x)]

if __name__ == "__main__":
    prepare(3.5)
    prepare(np.arange(4.0), window=np.hamming(4))
