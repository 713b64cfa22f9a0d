# expect: refused
# about: a dict whose keys are run-time data
# line: 10
# entry: most_common
import numpy as np

def most_common(x):
    counts = {}
    for v in x:
        counts[float(v)] = counts.get(float(v), 0) + 1
    return max(counts.values())

if __name__ == "__main__":
    most_common(np.array([0.5, 0.25, 0.5, 1e9]))
