# A rank-k approximation by svd, free of singular vector signs.
# family: linalg
# entry: low_rank
# compare: derived
import numpy as np

def low_rank(A, k):
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    return (U[:, :k] * s[:k]) @ Vh[:k], s

if __name__ == "__main__":
    rng = np.random.default_rng(297)
    low_rank(rng.standard_normal((6, 4)), 2)
