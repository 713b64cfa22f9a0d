# A negative bound computed as zero gives an empty slice.
# family: indexing
# entry: trim
# compare: exact
import numpy as np

def trim(x, k):
    return x[k:-k], x[-k:], x[:len(x) - k]

if __name__ == "__main__":
    trim(np.arange(6), 0)
    trim(np.arange(6), 2)
    trim(np.arange(6), 3)
    trim(np.arange(6), 5)
