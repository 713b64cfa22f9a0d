# A while loop with continue, break and a nested search.
# family: control-flow
# entry: scan
# compare: exact
import numpy as np

def scan(x, limit):
    i = 0
    total = 0
    skipped = 0
    while True:
        if i >= len(x):
            break
        v = x[i]
        i += 1
        if v < 0:
            skipped += 1
            continue
        total += v
        if total > limit:
            break
    return i, total, skipped

if __name__ == "__main__":
    scan(np.array([3, -1, 4, -1, 5, 9, -2, 6]), 15)
    scan(np.array([3, -1, 4, -1, 5, 9, -2, 6]), 1000)
