# Differential encoding of bits by exclusive or.
# family: integers
# entry: difference_code
# compare: exact
import numpy as np

def difference_code(bits):
    out = np.zeros(len(bits), dtype=np.int64)
    last = 0
    for i in range(len(bits)):
        last = last ^ bits[i]
        out[i] = last
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(28)
    difference_code(rng.integers(0, 2, 48))
