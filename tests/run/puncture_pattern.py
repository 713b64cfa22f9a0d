# Puncturing by a tiled boolean mask and depuncturing by mask store.
# family: convolutional-viterbi
# entry: puncture
# compare: exact
import numpy as np

def puncture(coded):
    pattern = np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    keep = np.tile(pattern, len(coded) // 6)
    sent = coded[keep]
    back = np.zeros(len(coded))
    back[keep] = sent
    return sent, back

if __name__ == "__main__":
    rng = np.random.default_rng(150)
    puncture(rng.choice([-1.0, 1.0], 36))
