# Arrays of different lengths appended and concatenated.
# family: lists
# entry: collect
# compare: derived
import numpy as np

def collect(x):
    parts = []
    start = 0
    for size in (3, 5, 2):
        parts.append(x[start:start + size] - np.mean(x[start:start + size]))
        start += size
    return np.concatenate(parts)

if __name__ == "__main__":
    rng = np.random.default_rng(258)
    collect(rng.standard_normal(10))
