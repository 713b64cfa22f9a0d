# A block interleaver by reshape and transpose, and its inverse.
# family: crc-scrambler
# entry: interleave
# compare: exact
import numpy as np

def interleave(x, rows, inverse=False):
    cols = len(x) // rows
    if inverse:
        return x.reshape(cols, rows).T.reshape(-1)
    return x.reshape(rows, cols).T.flatten()

if __name__ == "__main__":
    x = np.arange(24)
    interleave(x, 4)
    interleave(x, 4, inverse=True)
