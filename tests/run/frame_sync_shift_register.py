# A sync word found in a shift register with an early return.
# family: frame-sync
# entry: sync_position
# compare: exact
import numpy as np

def sync_position(bits, word, max_errors):
    reg = 0
    for i in range(len(bits)):
        reg = ((reg << 1) | int(bits[i])) & 0xFFFF
        if i >= 15:
            diff = reg ^ word
            errors = 0
            while diff:
                errors += diff & 1
                diff >>= 1
            if errors <= max_errors:
                return i - 15
    return -1

if __name__ == "__main__":
    rng = np.random.default_rng(121)
    bits = rng.integers(0, 2, 100)
    bits[40:56] = [int(c) for c in format(0xF0CA, "016b")]
    bits[44] ^= 1
    sync_position(bits, 0xF0CA, 0)
    sync_position(bits, 0xF0CA, 1)
