# expect: refused
# about: sorting a list of computed length backwards
# line: 11
# entry: largest
import numpy as np

def largest(x):
    out = []
    for v in x:
        if v > 0: out.append(v)
    out.sort(reverse=True)
    return np.array(out)

if __name__ == "__main__":
    for n in (5, 8):
        largest(np.sin(np.arange(n)))
