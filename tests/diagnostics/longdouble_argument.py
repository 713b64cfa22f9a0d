# expect: refused
# about: extended precision, which no target defines
# line: 7
# entry: scale
import numpy as np

def scale(x):
    return x * 2

if __name__ == "__main__":
    scale(np.arange(4, dtype=np.longdouble))
