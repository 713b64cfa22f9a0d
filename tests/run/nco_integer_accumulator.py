# A 32-bit phase accumulator that addresses a sine table.
# family: nco-mixer
# entry: nco_table
# compare: derived
import numpy as np

def nco_table(n, fcw):
    table = np.sin(2 * np.pi * np.arange(256) / 256)
    acc = 0
    out = np.zeros(n)
    for i in range(n):
        out[i] = table[(acc >> 24) & 0xFF]
        acc = (acc + fcw) & 0xFFFFFFFF
    return out

if __name__ == "__main__":
    nco_table(100, 123456789)
    nco_table(100, 0xF0000000)
