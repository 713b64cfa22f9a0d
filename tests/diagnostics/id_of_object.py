# expect: refused
# about: the address of an object as data
# line: 8
# entry: identity
import numpy as np

def identity(x):
    return x + id(x) % 16

if __name__ == "__main__":
    identity(np.arange(3))
