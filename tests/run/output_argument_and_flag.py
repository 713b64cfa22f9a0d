# A function that fills one argument, changes another and returns a flag.
# family: aliasing
# entry: normalise_into
# compare: derived
import numpy as np

def normalise_into(x, out, stats):
    peak = np.max(np.abs(x))
    stats[0] = peak
    stats[1] += 1
    if peak == 0:
        out[:] = 0
        return False
    np.divide(x, peak, out=out)
    return True

if __name__ == "__main__":
    rng = np.random.default_rng(230)
    out = np.ones(10)
    stats = np.zeros(2)
    normalise_into(rng.standard_normal(10), out, stats)
    normalise_into(np.zeros(10), out, stats)
