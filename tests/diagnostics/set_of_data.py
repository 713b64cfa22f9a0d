# expect: refused
# about: a set of run-time floats
# line: 8
# entry: distinct
import numpy as np

def distinct(x):
    return len(set(x.tolist()))

if __name__ == "__main__":
    distinct(np.array([0.1, 0.2, 0.1]))
