# Lists of tuples that grow with the data: runs, detections with their levels, and what is read of them.
# family: lists
# entry: detections
# compare: derived
import numpy as np

def runs(x):
    found = []
    i = 0
    n = len(x)
    while i < n:
        j = i
        while j + 1 < n and x[j + 1] == x[i]:
            j += 1
        found.append((int(x[i]), j - i + 1))
        i = j + 1
    return found

def detections(x, level):
    found = []
    for i in range(1, len(x) - 1):
        if x[i] > level and x[i] >= x[i - 1] and x[i] > x[i + 1]:
            found.append((i, x[i], i % 2 == 0))
    best = -1
    strongest = 0.0
    for place, height, even in found:
        if even and height > strongest:
            best, strongest = place, height
    together = runs(np.round(x))
    lengths = [b for _, b in together]
    total = 0
    for value, count in together:
        total += value * count
    last = together[-1]
    together[0] = (7, 70)
    pairs = np.array(together)
    return (best, strongest, len(found), np.array([h for _, h, _ in found]), np.array(lengths), total, last[1], pairs,
            found[0][0] if found else -1)

if __name__ == "__main__":
    rng = np.random.default_rng(4)
    for n in (24, 40, 31):
        detections(np.abs(rng.standard_normal(n)) * 1.5, 0.8)
