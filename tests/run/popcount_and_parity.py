# Bit counts by shifting masks on whole arrays.
# family: integers
# entry: popcounts
# compare: exact
import numpy as np

def popcounts(x):
    v = x - ((x >> 1) & 0x55555555)
    v = (v & 0x33333333) + ((v >> 2) & 0x33333333)
    v = (v + (v >> 4)) & 0x0F0F0F0F
    return ((v * 0x01010101) & 0xFFFFFFFF) >> 24, v & 1

if __name__ == "__main__":
    rng = np.random.default_rng(208)
    popcounts(rng.integers(0, 2 ** 32, 20))
