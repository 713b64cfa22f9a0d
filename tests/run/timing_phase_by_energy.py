# The sampling phase with the most energy after a reshape.
# family: timing-recovery
# entry: best_phase
# compare: derived
import numpy as np

def best_phase(x, sps):
    n = len(x) // sps
    grid = np.reshape(x[:n * sps], (n, sps))
    energy = np.sum(np.abs(grid) ** 2, axis=0)
    p = np.argmax(energy)
    return p, grid[:, p]

if __name__ == "__main__":
    rng = np.random.default_rng(110)
    pulse = np.hanning(8)
    x = np.kron(rng.choice([-1.0, 1.0], 20), pulse) + 0.05 * rng.standard_normal(160)
    best_phase(x, 8)
