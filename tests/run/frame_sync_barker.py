# Frame starts found by Barker correlation against a threshold.
# family: frame-sync
# entry: find_frames
# compare: exact
import numpy as np

def find_frames(bits, threshold=11):
    barker = np.array([1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1])
    s = 2 * bits - 1
    hits = []
    for i in range(len(s) - len(barker) + 1):
        if np.sum(s[i:i + len(barker)] * barker) >= threshold:
            hits.append(i)
    return np.array(hits, dtype=np.int64)

if __name__ == "__main__":
    rng = np.random.default_rng(120)
    bits = rng.integers(0, 2, 90)
    word = np.array([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1])
    bits[10:23] = word
    bits[55:68] = word
    find_frames(bits)
