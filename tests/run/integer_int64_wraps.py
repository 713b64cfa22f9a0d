# An int64 generator that wraps where a Python integer would not.
# family: integers
# entry: lcg
# compare: exact
import numpy as np

def lcg(seed, n):
    out = np.zeros(n, dtype=np.int64)
    out[0] = seed
    a = np.array([6364136223846793005], dtype=np.int64)
    for i in range(1, n):
        out[i:i + 1] = out[i - 1:i] * a + 1442695040888963407
    return out

if __name__ == "__main__":
    lcg(12345, 20)
