# An np.arange that is stored, beside complex values: its lowering looked for an operand it does not have.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(x, z, u, w, g, k):
    n = len(x)
    u[::2] = (((u + u) | (u // 2)))[::2]
    if (g if k > 0 else g) > (g + g):
        for i in range(1, n):
            z[i] = complex(g, -1.25)
    else:
        v = x[::2]
        v *= 2
        z[-1] = complex(2.0, g)
    counted = ((np.arange(n) << 0) + ((w ^ w)).astype(np.int64))
    first = x.ravel()
    first[:1] += first[-1:]
    return counted, first, x

if __name__ == "__main__":
    rng = np.random.default_rng(130)
    for n in (12, 9):
        f(rng.standard_normal(n), rng.standard_normal(n) + 1j, rng.integers(-50, 50, n), rng.integers(-300, 300, n).astype(np.int16), 0.7, -3)
