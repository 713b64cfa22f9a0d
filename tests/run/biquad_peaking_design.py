# A peaking equaliser with its coefficients computed from arguments.
# family: biquad
# entry: peaking_eq
# compare: derived
import numpy as np
import math

def peaking_eq(x, f0, gain_db, q):
    A = 10 ** (gain_db / 40)
    w0 = 2 * math.pi * f0
    alpha = math.sin(w0) / (2 * q)
    a0 = 1 + alpha / A
    b = [(1 + alpha * A) / a0, -2 * math.cos(w0) / a0, (1 - alpha * A) / a0]
    a = [1.0, -2 * math.cos(w0) / a0, (1 - alpha / A) / a0]
    y = np.zeros(len(x))
    for n in range(len(x)):
        y[n] = b[0] * x[n]
        if n >= 1:
            y[n] += b[1] * x[n - 1] - a[1] * y[n - 1]
        if n >= 2:
            y[n] += b[2] * x[n - 2] - a[2] * y[n - 2]
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(80)
    peaking_eq(rng.standard_normal(60), 0.1, 6.0, 1.5)
