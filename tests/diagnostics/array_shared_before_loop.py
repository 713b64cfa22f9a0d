# expect: refused
# about: a store into an array that another name holds until a loop gives it a new one
# line: 11
# entry: trace
import numpy as np

def trace(x):
    y = old = np.zeros(3)
    total = 0.0
    for v in x:
        old[0] += v
        total += y[0]
        if v > 1.0:
            y = np.ones(3) * v
    return total

if __name__ == "__main__":
    for n in (5, 8):
        trace(np.linspace(0.0, 1.5, n))
