# expect: refused
# about: a store into what may be a view of an array made from a transposed one, whose order in memory is not followed
# line: 10
# entry: flat
import numpy as np

def flat(m):
    y = m.T + 1.0
    v = y.reshape(-1)
    v[0] = 5.0
    return y, v

if __name__ == "__main__":
    for n in (5, 8):
        flat(np.arange(3.0 * n).reshape(3, n))
