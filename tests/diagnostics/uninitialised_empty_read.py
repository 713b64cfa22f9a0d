# expect: refused
# about: elements of np.empty read before they are written
# line: 8
# entry: leak
import numpy as np

def leak(x):
    y = np.empty(len(x) + 2)
    y[:len(x)] = x
    return y

if __name__ == "__main__":
    leak(np.arange(4.0))
