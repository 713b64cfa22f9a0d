# expect: refused
# about: an array of Python objects
# line: 8
# entry: total
import numpy as np

def total(x):
    parts = np.array([x, [1.0], None], dtype=object)
    return parts[0].sum()

if __name__ == "__main__":
    total(np.arange(3.0))
