# Overlapping views of one array as input and output arguments.
# family: aliasing
# entry: blend_into
# compare: exact
import numpy as np

def blend_into(out, x):
    out[:] = 2 * x + out
    out[0] = x[-1]

if __name__ == "__main__":
    a = np.arange(10)
    blend_into(a[1:], a[:-1])
    blend_into(a[:4], a[6:])
    blend_into(a[:5], a[4::-1])
