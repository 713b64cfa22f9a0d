# expect: refused
# about: np.load inside the entry
# line: 8
# entry: apply_taps
import numpy as np

def apply_taps(x, name):
    taps = np.load(name)
    return np.convolve(x, taps)

if __name__ == "__main__":
    import os
    import tempfile
    path = os.path.join(tempfile.mkdtemp(), "taps.npy")
    np.save(path, np.ones(3))
    apply_taps(np.arange(8.0), path)
