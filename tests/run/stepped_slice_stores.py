# Stores through stepped and reversed slices, scalar and array.
# family: indexing
# entry: pattern
# compare: exact
import numpy as np

def pattern(n):
    x = np.zeros(n, dtype=int)
    x[1::3] = 7
    x[::-4] = np.arange(len(x[::-4]))
    x[-2::-5] += 100
    x[2:2] = 5
    return x

if __name__ == "__main__":
    pattern(16)
    pattern(21)
