# Built-in sum, min, max, sorted, any, all, zip and map on lists.
# family: lists
# entry: summary
# compare: derived
import math
import numpy as np

def summary(x):
    vals = [float(v) for v in x]
    return (sum(vals), min(vals), max(vals), sorted(vals, reverse=True), any(v > 2 for v in vals),
            all(v < 9 for v in vals), [a * b for a, b in zip(vals, vals[1:])], list(map(math.floor, vals)))

if __name__ == "__main__":
    summary(np.array([0.5, 2.5, -1.25, 3.0]))
