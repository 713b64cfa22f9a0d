# Integer powers of Python and NumPy integers.
# family: integers
# entry: powers
# compare: exact
import numpy as np

def powers(n, x):
    return n ** 3, 2 ** n, x ** 2, x ** np.arange(len(x)), pow(n, 5, 13)

if __name__ == "__main__":
    powers(4, np.array([2, -3, 5]))
    powers(11, np.array([0, 1, -1]))
