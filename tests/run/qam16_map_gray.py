# Gray-mapped 16-QAM from groups of four bits.
# family: qam
# entry: qam16
# compare: derived
import numpy as np

def qam16(bits):
    b = bits.reshape(-1, 4)
    level = np.array([-3, -1, 3, 1])
    i = level[2 * b[:, 0] + b[:, 1]]
    q = level[2 * b[:, 2] + b[:, 3]]
    return (i + 1j * q) / np.sqrt(10.0)

if __name__ == "__main__":
    rng = np.random.default_rng(125)
    qam16(rng.integers(0, 2, 64))
    qam16(rng.integers(0, 2, 24))
