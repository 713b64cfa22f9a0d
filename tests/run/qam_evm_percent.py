# Error vector magnitude of received symbols.
# family: qam
# entry: evm
# compare: derived
import numpy as np

def evm(rx, ref):
    err = rx - ref
    return 100 * np.sqrt(np.mean(np.abs(err) ** 2) / np.mean(np.abs(ref) ** 2))

if __name__ == "__main__":
    rng = np.random.default_rng(129)
    ref = rng.choice([-3, -1, 1, 3], 40) + 1j * rng.choice([-3, -1, 1, 3], 40)
    evm(ref + 0.1 * rng.standard_normal(40), ref)
