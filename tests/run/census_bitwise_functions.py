# bitwise functions and shifts on unsigned types of three widths.
# family: integers
# entry: pack_fields
# compare: exact
import numpy as np

def pack_fields(hi, lo):
    w = np.bitwise_or(np.left_shift(hi.astype(np.uint16), 8), lo)
    x = np.bitwise_xor(w, np.uint16(0xA5A5))
    y = np.bitwise_and(x.astype(np.uint64) << np.uint64(20), np.uint64(0xFFFFFFF0))
    return w, x, y, np.right_shift(w, 4), np.invert(lo)

if __name__ == "__main__":
    rng = np.random.default_rng(356)
    pack_fields(rng.integers(0, 256, 12).astype(np.uint8), rng.integers(0, 256, 12).astype(np.uint8))
