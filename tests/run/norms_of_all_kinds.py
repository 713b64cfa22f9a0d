# Vector and matrix norms of several orders.
# family: linalg
# entry: norms
# compare: derived
import numpy as np

def norms(x, A):
    return (np.linalg.norm(x), np.linalg.norm(x, 1), np.linalg.norm(x, np.inf), np.linalg.norm(A),
            np.linalg.norm(A, axis=1), np.trace(A), np.linalg.norm(x - 1j * x))

if __name__ == "__main__":
    rng = np.random.default_rng(298)
    norms(rng.standard_normal(7), rng.standard_normal((3, 3)))
