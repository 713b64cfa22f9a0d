# An integer array to a negative power raises, to a positive one it does not.
# family: errors
# entry: scale_bits
# compare: exact
import numpy as np

def scale_bits(x, k):
    return x ** k

if __name__ == "__main__":
    scale_bits(np.array([1, 2, 3]), 4)
    try:
        scale_bits(np.array([1, 2, 3]), -1)
    except ValueError:
        pass
