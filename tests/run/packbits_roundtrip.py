# Bits unpacked, reordered and packed again.
# family: crc-scrambler
# entry: swap_nibbles
# compare: exact
import numpy as np

def swap_nibbles(data):
    bits = np.unpackbits(data).reshape(-1, 8)
    return np.packbits(bits[:, [4, 5, 6, 7, 0, 1, 2, 3]])

if __name__ == "__main__":
    swap_nibbles(np.array([0x12, 0xF0, 0xAB, 0x00], dtype=np.uint8))
