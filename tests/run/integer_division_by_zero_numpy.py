# Integer arrays divided by zero give zero in NumPy.
# family: errors
# entry: divide_all
# compare: exact
import numpy as np

def divide_all(a, b):
    with np.errstate(divide="ignore", invalid="ignore"):
        return a // b, a % b

if __name__ == "__main__":
    divide_all(np.array([7, -7, 0, 5]), np.array([0, 0, 0, 2]))
