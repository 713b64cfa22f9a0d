# add, subtract, multiply and divide as functions, with out and where.
# family: math
# entry: ufuncs
# compare: derived
import numpy as np

def ufuncs(a, b):
    s = np.subtract(a, b)
    m = np.multiply(a, b, out=np.zeros_like(a))
    d = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    np.add(s, m, out=s)
    return s, m, d, np.multiply.outer(a[:2], b[:2]), np.negative(a)

if __name__ == "__main__":
    ufuncs(np.array([1.0, 2.0, -3.0]), np.array([2.0, 0.0, 4.0]))
