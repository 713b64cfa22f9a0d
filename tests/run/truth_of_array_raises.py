# The truth value of an array: an element decides, several raise.
# family: errors
# entry: detect
# compare: exact
import numpy as np

def detect(x):
    if x > 3:
        return 1
    return 0

if __name__ == "__main__":
    detect(np.array([5]))
    detect(np.array([2]))
    try:
        detect(np.array([5, 2]))
    except ValueError:
        pass
