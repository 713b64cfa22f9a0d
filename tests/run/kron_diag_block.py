# kron, diag, eye with offset, tri-like masks and block_diag.
# family: linalg
# entry: build
# compare: derived
import numpy as np
from scipy.linalg import block_diag

def build(q, n):
    A = np.kron(np.eye(n), np.array([[1.0, q], [0, 1]]))
    D = np.diag([1.0, 2.0]) + np.eye(2, k=1) * q
    return A, D, block_diag(D, 3 * q), np.diag(A), np.triu(np.ones((3, 3)), 1) * q

if __name__ == "__main__":
    build(0.5, 2)
