# Hamming(7,4) correction by syndrome lookup.
# family: ldpc-polar
# entry: correct
# compare: exact
import numpy as np

def correct(words):
    H = np.array([[1, 0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 1]])
    out = words.copy()
    for i, w in enumerate(words):
        s = H.dot(w) % 2
        pos = s[0] + 2 * s[1] + 4 * s[2]
        if pos:
            out[i, pos - 1] ^= 1
    return out[:, [2, 4, 5, 6]]

if __name__ == "__main__":
    rng = np.random.default_rng(156)
    correct(rng.integers(0, 2, (10, 7)))
