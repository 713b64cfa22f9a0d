# An AGC whose loop works on the logarithm of the envelope.
# family: agc
# entry: log_agc
# compare: derived
import math
import numpy as np

def log_agc(x, target_db=-10.0, mu=0.05):
    g_db = 0.0
    out = np.zeros(len(x))
    for n, v in enumerate(x):
        y = v * 10 ** (g_db / 20)
        level = 20 * math.log10(abs(y) + 1e-9)
        g_db += mu * (target_db - level)
        g_db = min(max(g_db, -60.0), 60.0)
        out[n] = y
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(117)
    log_agc(0.01 * rng.standard_normal(100))
