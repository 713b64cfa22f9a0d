# Linear interpolation at a fractional step with a while loop.
# family: polyphase-resample
# entry: resample
# compare: derived
import numpy as np

def resample(x, step):
    out = []
    t = 0.0
    while t < len(x) - 1:
        i = int(t)
        frac = t - i
        out.append((1 - frac) * x[i] + frac * x[i + 1])
        t += step
    return np.array(out)

if __name__ == "__main__":
    rng = np.random.default_rng(49)
    resample(rng.standard_normal(60), 0.75)
    resample(rng.standard_normal(60), 1.3)
