# solve against one and several right sides, inverse and determinant.
# family: linalg
# entry: solve_both
# compare: derived
import numpy as np

def solve_both(A, b, B):
    return np.linalg.solve(A, b), np.linalg.solve(A, B), np.linalg.inv(A) @ b, np.linalg.det(A)

if __name__ == "__main__":
    rng = np.random.default_rng(292)
    A = rng.standard_normal((4, 4)) + 4 * np.eye(4)
    solve_both(A, rng.standard_normal(4), rng.standard_normal((4, 2)))
