# Gaussian elimination with partial pivoting in place.
# family: linalg
# entry: eliminate
# compare: derived
import numpy as np

def eliminate(A, b):
    A = A.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            b[[k, p]] = b[[p, k]]
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - np.dot(A[i, i + 1:], x[i + 1:])) / A[i, i]
    return x

if __name__ == "__main__":
    rng = np.random.default_rng(301)
    eliminate(rng.standard_normal((5, 5)), rng.standard_normal(5))
