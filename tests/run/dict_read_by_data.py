# Symbol maps kept in dicts: read, searched and asked with a default by keys that depend on data.
# family: qam
# entry: mapped
# compare: derived
import numpy as np

GRAY = {0: 0, 1: 1, 3: 2, 2: 3, -4: 9, "name": 4}
POINTS = {(0, 0): 1 + 1j, (0, 1): -1 + 1j, (1, 0): 1 - 1j, (1, 1): -1 - 1j}
STEPS = {True: 0.5, False: -0.25}
TRELLIS = {0: (0, 2, 1.0), 1: (3, 1, -1.0), 5: (2, 0, 0.5)}


def mapped(bits, codes, x):
    points = np.zeros(len(bits) // 2, dtype=np.complex128)
    for k in range(len(points)):
        points[k] = POINTS[(int(bits[2 * k]), int(bits[2 * k + 1]))]
    ranks = [GRAY[int(c)] for c in codes]
    others = np.array([GRAY.get(int(c) - 3, 7) for c in codes])
    known = 0
    for c in codes:
        if int(c) + 1 in GRAY:
            known += 1
    total = 0.0
    for v in x:
        total += STEPS[bool(v > 0.0)]
    state, score = 0, 0.0
    for b in bits:
        up, down, gain = TRELLIS[5 if state == 2 else 0]
        state = up if b else down
        score += gain
    return points, ranks, others, known, total, state, score


if __name__ == "__main__":
    mapped(np.array([0, 1, 1, 1, 0, 0, 1, 0]), np.array([0, 1, 3, 2, -4, 2]), np.array([1.0, -2.0, 0.5]))
    mapped(np.array([1, 1, 0, 1]), np.array([2, 2, 0, 1, 3, -4]), np.array([-1.0, 2.0]))
    try:
        mapped(np.array([1, 1, 0, 1]), np.array([0, 4, 1, 1, 1, 1]), np.array([0.5, 1.0]))
    except KeyError:
        pass
