# expect: bench-hangs
# about: a bench that allocates without end
# line: 13
# entry: grow
import numpy as np

def grow(x):
    return x + 1

if __name__ == "__main__":
    kept = []
    while True:
        kept.append(grow(np.zeros(10 ** 7)))
