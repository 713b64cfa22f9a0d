# The GPS C/A code of a satellite from two generators.
# family: crc-scrambler
# entry: ca_code
# compare: exact
import numpy as np

def ca_code(tap_a, tap_b):
    g1 = np.ones(10, dtype=np.int64)
    g2 = np.ones(10, dtype=np.int64)
    chips = np.zeros(1023, dtype=np.int64)
    for i in range(1023):
        chips[i] = g1[9] ^ g2[tap_a - 1] ^ g2[tap_b - 1]
        f1 = g1[2] ^ g1[9]
        f2 = g2[1] ^ g2[2] ^ g2[5] ^ g2[7] ^ g2[8] ^ g2[9]
        g1[1:] = g1[:-1]
        g1[0] = f1
        g2[1:] = g2[:-1]
        g2[0] = f2
    return 1 - 2 * chips

if __name__ == "__main__":
    ca_code(2, 6)
    ca_code(3, 7)
