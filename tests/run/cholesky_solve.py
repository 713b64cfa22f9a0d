# Cholesky factor with forward and back substitution.
# family: linalg
# entry: spd_solve
# compare: derived
import numpy as np

def spd_solve(A, b):
    L = np.linalg.cholesky(A)
    n = len(b)
    y = np.zeros(n)
    for i in range(n):
        y[i] = (b[i] - L[i, :i] @ y[:i]) / L[i, i]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (y[i] - L[i + 1:, i] @ x[i + 1:]) / L[i, i]
    return x

if __name__ == "__main__":
    rng = np.random.default_rng(294)
    B = rng.standard_normal((5, 5))
    spd_solve(B @ B.T + np.eye(5), rng.standard_normal(5))
