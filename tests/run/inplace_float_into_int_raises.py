# Adding floats in place to an integer array raises and leaves it as it was.
# family: errors
# entry: leak_into
# compare: derived
import numpy as np

def leak_into(x, g):
    x += g
    return x

if __name__ == "__main__":
    leak_into(np.array([1.0, 2.0]), 0.5)
    leak_into(np.array([1, 2]), 3)
    try:
        leak_into(np.array([1, 2]), np.array([0.5, 0.5]))
    except TypeError:
        pass
