# Cell-averaging CFAR with guard cells in explicit loops.
# family: cfar
# entry: ca_cfar
# compare: exact
import numpy as np

def ca_cfar(power, guard, train, scale):
    n = len(power)
    hits = np.zeros(n, dtype=bool)
    for i in range(guard + train, n - guard - train):
        noise = 0
        for k in range(i - guard - train, i + guard + train + 1):
            if abs(k - i) > guard:
                noise += power[k]
        hits[i] = power[i] * 2 * train > scale * noise
    return hits

if __name__ == "__main__":
    rng = np.random.default_rng(176)
    p = rng.integers(1, 20, 80)
    p[[20, 50, 52]] = 200
    ca_cfar(p, 2, 6, 4)
