# Binary to Gray code and back.
# family: integers
# entry: gray
# compare: exact
import numpy as np

def gray(n):
    g = n ^ (n >> 1)
    b = g.copy()
    shift = 1
    while shift < 16:
        b ^= b >> shift
        shift <<= 1
    return g, b

if __name__ == "__main__":
    gray(np.arange(32))
