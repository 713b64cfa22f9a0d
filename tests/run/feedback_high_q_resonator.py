# A narrow resonator over two thousand samples: errors build up in the feedback.
# family: biquad
# entry: resonate
# compare: derived
import numpy as np

def resonate(x, r, w):
    a1, a2 = -2 * r * np.cos(w), r * r
    y = np.zeros(len(x) + 2)
    for n in range(len(x)):
        y[n + 2] = x[n] - a1 * y[n + 1] - a2 * y[n]
    return y[2:]

if __name__ == "__main__":
    rng = np.random.default_rng(391)
    resonate(rng.standard_normal(2000), 0.9995, 0.3)
