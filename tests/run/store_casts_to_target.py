# Storing floats into integer arrays truncates toward zero.
# family: promotion
# entry: store
# compare: exact
import numpy as np

def store(x):
    y = np.zeros(len(x), dtype=np.int32)
    y[:] = x
    z = np.zeros(3, dtype=int)
    z[0] = -2.7
    z[1] = int(2.7)
    z[2] = x[0] * 10
    return y, z

if __name__ == "__main__":
    store(np.array([1.9, -1.9, 0.5, -0.5, 1000.99]))
