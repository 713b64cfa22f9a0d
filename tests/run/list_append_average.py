# Block means collected in a list and turned into an array.
# family: lists
# entry: block_means
# compare: derived
import numpy as np

def block_means(x, size=8):
    out = []
    for start in range(0, len(x) - size + 1, size):
        out.append(np.mean(x[start:start + size]))
    return np.array(out)

if __name__ == "__main__":
    rng = np.random.default_rng(34)
    block_means(rng.standard_normal(64))
    block_means(rng.standard_normal(45))
