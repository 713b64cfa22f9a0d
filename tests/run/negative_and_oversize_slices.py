# Negative bounds, oversized bounds and empty slices.
# family: indexing
# entry: slices
# compare: exact
import numpy as np

def slices(x):
    return x[-3:], x[:-3], x[2:100], x[-100:2], x[5:2], x[-2:1:-2], x[100:], x[::-3]

if __name__ == "__main__":
    slices(np.arange(8))
    slices(np.arange(5.0))
