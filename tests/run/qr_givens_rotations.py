# Triangularisation by Givens rotations written by hand.
# family: beamforming-kalman
# entry: givens_qr
# compare: derived
import math
import numpy as np

def givens_qr(A):
    R = A.astype(float).copy()
    m, n = R.shape
    for j in range(n):
        for i in range(m - 1, j, -1):
            a, b = R[i - 1, j], R[i, j]
            r = math.hypot(a, b)
            if r == 0:
                continue
            c, s = a / r, b / r
            top = c * R[i - 1] + s * R[i]
            R[i] = -s * R[i - 1] + c * R[i]
            R[i - 1] = top
    return R

if __name__ == "__main__":
    rng = np.random.default_rng(186)
    givens_qr(rng.standard_normal((6, 4)))
    givens_qr(np.arange(12).reshape(4, 3))
