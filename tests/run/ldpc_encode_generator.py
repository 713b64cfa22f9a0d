# Systematic block encoding modulo two.
# family: ldpc-polar
# entry: encode
# compare: exact
import numpy as np

def encode(msg, P):
    k = P.shape[0]
    G = np.hstack((np.eye(k, dtype=int), P))
    return np.mod(msg @ G, 2)

if __name__ == "__main__":
    rng = np.random.default_rng(155)
    P = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]])
    encode(rng.integers(0, 2, (5, 4)), P)
