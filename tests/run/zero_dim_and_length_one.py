# Zero-dimensional arrays, single elements and broadcasting of length one.
# family: indexing
# entry: lift
# compare: derived
import numpy as np

def lift(s, one, x):
    a = np.array(s)
    return a + x, one * x, a.ndim, x[2:3] - x, np.sum(one), a[()] * 2, x[None][0]

if __name__ == "__main__":
    lift(1.5, np.array([2.0]), np.arange(4.0))
