# expect: reported
# about: argsort with the default unstable kind on data with ties
# line: 8
# entry: ranks
import numpy as np

def ranks(x):
    return np.argsort(x)

if __name__ == "__main__":
    ranks(np.array([3, 1, 3, 1, 2, 3, 1, 2] * 8))
