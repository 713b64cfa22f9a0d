# expect: refused
# about: a generator driven by data
# line: 9
# entry: total
import numpy as np

def chunks(x, size):
    for i in range(0, len(x), size):
        yield x[i:i + size]

def total(x):
    it = chunks(x, 4)
    first = next(it)
    return first.sum() + sum(c[0] for c in it)

if __name__ == "__main__":
    total(np.arange(16.0))
