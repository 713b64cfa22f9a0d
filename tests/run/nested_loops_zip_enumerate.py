# Nested loops over zip, enumerate, reversed and a stepped range.
# family: control-flow
# entry: blend
# compare: derived
import numpy as np

def blend(a, b):
    out = np.zeros((len(a), len(b)))
    for i, (u, v) in enumerate(zip(a, a[::-1])):
        for j in range(len(b) - 1, -1, -2):
            out[i, j] = u * b[j] - v
    tail = 0.0
    for w in reversed(b):
        tail = 0.5 * tail + w
    return out, tail

if __name__ == "__main__":
    rng = np.random.default_rng(244)
    blend(rng.standard_normal(5), rng.standard_normal(6))
