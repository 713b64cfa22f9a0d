# Integer, float and complex arrays mixed by broadcasting.
# family: promotion
# entry: mixed
# compare: exact
import numpy as np

def mixed(i, f, c):
    return i / 2, i // 2, i + f, f * c, i ** 2, (i > 1) * f

if __name__ == "__main__":
    mixed(np.array([1, 2, -3]), np.array([0.5, -1.5, 2.0]), np.array([1j, 2.0, -1 - 1j]))
