# A Python integer that does not fit the array's type raises.
# family: errors
# entry: offset
# compare: exact
import numpy as np

def offset(x, k):
    return x + k

if __name__ == "__main__":
    offset(np.array([1, 250], dtype=np.uint8), 10)
    try:
        offset(np.array([1, 250], dtype=np.uint8), 300)
    except OverflowError:
        pass
