# Normalised min-sum decoding over a small parity-check matrix.
# family: ldpc-polar
# entry: min_sum
# compare: derived
import numpy as np

def min_sum(llr, H, iters=5):
    m, n = H.shape
    c2v = np.zeros((m, n))
    for _ in range(iters):
        total = llr + np.sum(c2v, axis=0)
        v2c = (total - c2v) * H
        for i in range(m):
            cols = np.nonzero(H[i])[0]
            vals = v2c[i, cols]
            sign = np.prod(np.where(vals < 0, -1.0, 1.0))
            mags = np.abs(vals)
            for j in range(len(cols)):
                others = np.delete(mags, j)
                s = -1.0 if vals[j] < 0 else 1.0
                c2v[i, cols[j]] = 0.75 * sign * s * np.min(others)
    total = llr + np.sum(c2v, axis=0)
    return total, (total < 0).astype(np.int64)

if __name__ == "__main__":
    rng = np.random.default_rng(152)
    H = np.array([[1, 1, 0, 1, 0, 0], [0, 1, 1, 0, 1, 0], [1, 0, 0, 0, 1, 1], [0, 0, 1, 1, 0, 1]])
    min_sum(1.5 + rng.standard_normal(6), H)
