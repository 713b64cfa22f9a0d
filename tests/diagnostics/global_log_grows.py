# expect: refused
# about: a module list that grows with every call
# line: 10
# entry: record
import numpy as np

HISTORY = []

def record(x):
    HISTORY.append(float(np.mean(x)))
    return np.mean(HISTORY)

if __name__ == "__main__":
    for k in range(5):
        record(np.arange(4.0) + k)
