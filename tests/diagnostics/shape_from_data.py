# expect: refused
# about: an array whose size is run-time data without a bound
# line: 9
# entry: blank
import numpy as np

def blank(x):
    n = int(np.sum(x))
    return np.zeros(n)

if __name__ == "__main__":
    blank(np.array([1.0, 2.0]))
    blank(np.array([3.0, 2.5]))
