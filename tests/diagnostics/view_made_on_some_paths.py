# expect: refused
# about: a view of an older array, made on one path only and as long as found there, used after it
# line: 15
# entry: f
import numpy as np

def f(x, g):
    items = []
    for value in x:
        if value > 0.0:
            items.append(value + g)
    v = np.array(items)
    if x[0] > 0.5:
        w = v[1:-1:3]
    return w + 1.0

if __name__ == "__main__":
    for start in (0.0, 0.1):
        f(np.cos(np.arange(12) + start), 0.5)
