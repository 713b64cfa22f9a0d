# A three-pulse canceller along slow time.
# family: radar
# entry: mti
# compare: derived
import numpy as np

def mti(pulses):
    out = pulses[2:] - 2 * pulses[1:-1] + pulses[:-2]
    return np.abs(out).max(axis=0)

if __name__ == "__main__":
    rng = np.random.default_rng(172)
    clutter = np.tile(rng.standard_normal(20), (8, 1))
    moving = np.zeros((8, 20), dtype=complex)
    moving[:, 7] = np.exp(1j * 1.3 * np.arange(8))
    mti(clutter + moving)
