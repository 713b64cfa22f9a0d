# CORDIC over a whole array with sign masks.
# family: cordic
# entry: cordic_atan2
# compare: derived
import numpy as np

def cordic_atan2(y, x, iters=20):
    z = np.zeros_like(x)
    flip = x < 0
    z[flip] = np.where(y[flip] >= 0, np.pi, -np.pi)
    x = np.where(flip, -x, x)
    y = np.where(flip, -y, y)
    for k in range(iters):
        d = np.where(y >= 0, 1.0, -1.0)
        x, y = x + d * y * 2.0 ** -k, y - d * x * 2.0 ** -k
        z = z + d * np.arctan(2.0 ** -k)
    return z

if __name__ == "__main__":
    rng = np.random.default_rng(97)
    cordic_atan2(rng.standard_normal(30), rng.standard_normal(30))
