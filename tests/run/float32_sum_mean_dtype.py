# Reductions of float32 with and without a dtype.
# family: promotion
# entry: stats32
# compare: derived
import numpy as np

def stats32(x):
    return x.sum(), x.mean(), np.sum(x, dtype=np.float64), x.std(), np.dot(x, x)

if __name__ == "__main__":
    rng = np.random.default_rng(198)
    stats32(rng.standard_normal(100).astype(np.float32))
