# expect: refused
# about: an argument of a function that the translation would not heed
# line: 8
# entry: roots
import numpy as np

def roots(x):
    return np.sqrt(x, where=x > 0, out=np.zeros_like(x))

if __name__ == "__main__":
    for n in (5, 8):
        roots(np.arange(n) - 2.0)
