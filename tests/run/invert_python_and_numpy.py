# Bitwise not of an unbounded integer, of a fixed-width one and of a mask.
# family: integers
# entry: inverted
# compare: exact
import numpy as np

def inverted(n, x, m):
    return ~n, ~n & 0xFF, ~x, ~m

if __name__ == "__main__":
    inverted(5, np.array([0, 1, 200], dtype=np.uint8), np.array([True, False]))
    inverted(-1, np.array([7, 8, 9], dtype=np.uint8), np.array([True, True]))
