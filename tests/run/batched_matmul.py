# Matrix products over a batch axis and with vectors on either side.
# family: linalg
# entry: batch
# compare: derived
import numpy as np

def batch(A, x):
    return A @ A.transpose(0, 2, 1), A @ x, np.matmul(x[:2], A), np.inner(x, x), np.outer(x, x)[0]

if __name__ == "__main__":
    rng = np.random.default_rng(291)
    batch(rng.standard_normal((3, 2, 4)), rng.standard_normal(4))
