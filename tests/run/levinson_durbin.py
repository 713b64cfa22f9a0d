# The Levinson-Durbin recursion with reflection coefficients.
# family: linalg
# entry: levinson
# compare: derived
import numpy as np

def levinson(r, order):
    a = np.zeros(order + 1)
    a[0] = 1.0
    e = r[0]
    k = np.zeros(order)
    for i in range(1, order + 1):
        acc = r[i]
        for j in range(1, i):
            acc += a[j] * r[i - j]
        k[i - 1] = -acc / e
        prev = a.copy()
        for j in range(1, i):
            a[j] = prev[j] + k[i - 1] * prev[i - j]
        a[i] = k[i - 1]
        e *= 1 - k[i - 1] ** 2
    return a, e, k

if __name__ == "__main__":
    levinson(np.array([1.0, 0.6, 0.2, -0.1, 0.05]), 4)
