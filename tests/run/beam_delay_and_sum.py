# Delay-and-sum beamforming with integer sample delays.
# family: beamforming-kalman
# entry: delay_sum
# compare: derived
import numpy as np

def delay_sum(x, delays):
    n_mic, n = x.shape
    out = np.zeros(n - max(delays))
    for m, d in enumerate(delays):
        out += x[m, d:d + len(out)]
    return out / n_mic

if __name__ == "__main__":
    rng = np.random.default_rng(187)
    delay_sum(rng.standard_normal((3, 50)), [0, 2, 5])
