# LMS system identification with the error returned.
# family: adaptive
# entry: lms
# compare: derived
import numpy as np

def lms(x, d, order, mu):
    w = np.zeros(order)
    e = np.zeros(len(x))
    for n in range(order - 1, len(x)):
        u = x[n - order + 1:n + 1][::-1]
        e[n] = d[n] - w @ u
        w += mu * e[n] * u
    return w, e

if __name__ == "__main__":
    rng = np.random.default_rng(139)
    x = rng.standard_normal(150)
    lms(x, np.convolve(x, [0.5, -0.3, 0.2])[:150], 4, 0.05)
