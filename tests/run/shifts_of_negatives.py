# Right shifts of negative integers round toward minus infinity.
# family: integers
# entry: shifts
# compare: exact
import numpy as np

def shifts(x):
    a = x >> 2
    b = x // 4
    c = [int(v) >> 1 for v in x]
    d = (-1) >> 5
    return a, b, np.array(c), d, x << 3

if __name__ == "__main__":
    shifts(np.array([-1, -2, -5, 7, -1024, 3]))
