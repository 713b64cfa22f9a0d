# expect: reported
# about: calls of the bench that disagree on the number of dimensions
# line: 7
# entry: power
import numpy as np

def power(x):
    return np.sum(x * x, axis=-1)

if __name__ == "__main__":
    power(np.arange(4.0))
    power(np.ones((2, 4)))
