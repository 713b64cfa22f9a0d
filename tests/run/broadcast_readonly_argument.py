# A read-only broadcast argument that is copied before it is written.
# family: aliasing
# entry: gain_rows
# compare: derived
import numpy as np

def gain_rows(w, x):
    w = w.copy()
    w[0] *= 2
    return w * x

if __name__ == "__main__":
    gain_rows(np.broadcast_to(np.array([1.0, 2.0, 3.0]), (2, 3)), np.arange(6.0).reshape(2, 3))
