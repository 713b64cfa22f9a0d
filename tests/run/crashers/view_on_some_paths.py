# A view made in a branch, of an array older than the branch and as long as found there: its extent was used outside of it.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(x, g, k):
    n = len(x)
    for i in range(4):
        items = []
        for j in range(n):
            items.append(x[j] + g)
        v = np.array(items)
        if k > 0:
            w = v[1:-1:3]
            w[:1] += i
        x[i] = v[1]
    return k, g, x

if __name__ == "__main__":
    for n in (12, 9):
        f(np.cos(np.arange(n)), 0.5, 3)
        f(np.cos(np.arange(n)), 0.5, -3)
