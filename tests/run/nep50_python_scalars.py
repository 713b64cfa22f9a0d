# Python scalars follow the array type; numpy scalars promote.
# family: promotion
# entry: scale_all
# compare: derived
import numpy as np

def scale_all(x):
    a = x * 2
    b = x * 2.5
    c = x + np.float64(1)
    d = x + np.int16(1)
    return a, b, c, d

if __name__ == "__main__":
    scale_all(np.arange(5, dtype=np.float32))
