# The k largest values by partition and their sorted order.
# family: sorting
# entry: top_k
# compare: exact
import numpy as np

def top_k(x, k):
    part = np.partition(x, len(x) - k)[len(x) - k:]
    return np.sort(part)[::-1], np.argsort(x)[-k:][::-1]

if __name__ == "__main__":
    rng = np.random.default_rng(280)
    top_k(rng.permutation(30), 4)
