# Manchester bits from pulse pairs compared sample by sample.
# family: frame-sync
# entry: manchester
# compare: exact
import numpy as np

def manchester(mag, start, n_bits):
    pairs = mag[start:start + 2 * n_bits].reshape(-1, 2)
    bits = (pairs[:, 0] > pairs[:, 1]).astype(np.uint8)
    conf = np.abs(pairs[:, 0] - pairs[:, 1]).min()
    value = 0
    for b in bits:
        value = value * 2 + int(b)
    return bits, conf, value

if __name__ == "__main__":
    rng = np.random.default_rng(339)
    manchester(rng.integers(0, 255, 60), 4, 16)
    manchester(rng.integers(0, 255, 60), 28, 16)
