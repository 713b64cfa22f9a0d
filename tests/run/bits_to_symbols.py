# QPSK mapping of bit pairs.
# family: qam
# entry: qpsk_map
# compare: derived
import numpy as np

def qpsk_map(bits):
    i = 1 - 2 * bits[0::2]
    q = 1 - 2 * bits[1::2]
    return (i + 1j * q) / np.sqrt(2)

if __name__ == "__main__":
    rng = np.random.default_rng(29)
    qpsk_map(rng.integers(0, 2, 64))
