# The 24-bit parity of a Mode S frame from a bit array.
# family: crc-scrambler
# entry: crc24
# compare: exact
import numpy as np

def crc24(bits):
    gen = 0x1FFF409
    work = 0
    for b in bits:
        work = (work << 1) | int(b)
        if work >> 24:
            work ^= gen
    return work & 0xFFFFFF

if __name__ == "__main__":
    frame = 0x8D4840D6202CC371C32CE0576098
    bits = np.array([(frame >> (111 - k)) & 1 for k in range(112)], dtype=np.uint8)
    crc24(bits)
    bits[20] ^= 1
    crc24(bits)
