# Assignment makes an alias, arithmetic and copy make new arrays.
# family: aliasing
# entry: alias
# compare: exact
import numpy as np

def alias(x):
    y = x
    z = x.copy()
    w = x + 0
    y[0] = 100
    y += 1
    y = y * 2
    y[1] = -1
    return y, z, w

if __name__ == "__main__":
    a = np.arange(4)
    alias(a)
