# expect: bench-raises
# about: shapes that do not broadcast in the only call
# line: 8
# entry: add
import numpy as np

def add(a, b):
    return a[:, None] * np.ones(3) + b

if __name__ == "__main__":
    add(np.ones(4), np.ones(5))
