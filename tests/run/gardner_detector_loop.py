# Gardner timing recovery at two samples per symbol.
# family: timing-recovery
# entry: gardner
# compare: derived
import numpy as np

def gardner(x, gain=0.05):
    out = []
    pos = 2.0
    last = 0.0
    while pos < len(x) - 2:
        i = int(pos)
        f = pos - i
        now = x[i] + f * (x[i + 1] - x[i])
        j = int(pos - 1)
        g = pos - 1 - j
        mid = x[j] + g * (x[j + 1] - x[j])
        err = mid * (last - now)
        last = now
        out.append(now)
        pos += 2 + max(-0.5, min(0.5, gain * err))
    return np.array(out)

if __name__ == "__main__":
    rng = np.random.default_rng(107)
    up = np.zeros(100)
    up[::2] = rng.choice([-1.0, 1.0], 50)
    gardner(np.convolve(up, [0.5, 1.0, 0.5], "same"))
