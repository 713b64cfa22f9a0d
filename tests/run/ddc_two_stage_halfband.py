# Two half-band stages, each filter then keep every second sample.
# family: ddc-duc
# entry: two_stage
# compare: derived
import numpy as np

HALFBAND = np.array([-0.03125, 0.0, 0.28125, 0.5, 0.28125, 0.0, -0.03125])

def stage(x):
    return np.convolve(x, HALFBAND)[::2]

def two_stage(iq):
    return stage(stage(iq))

if __name__ == "__main__":
    rng = np.random.default_rng(71)
    two_stage(rng.standard_normal(64) + 1j * rng.standard_normal(64))
