# Small integer sums and cumulative sums widen to the platform integer.
# family: promotion
# entry: totals
# compare: exact
import numpy as np

def totals(x):
    return np.sum(x), np.cumsum(x), np.prod(x[:4]), x.max(), np.mean(x) > 0

if __name__ == "__main__":
    totals(np.array([100, 120, 90, 127, 5], dtype=np.int8))
    totals(np.array([250, 255, 3, 2, 1], dtype=np.uint8))
