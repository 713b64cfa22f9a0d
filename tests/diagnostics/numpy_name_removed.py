# expect: bench-raises
# about: a NumPy name that the installed version no longer has
# line: 8
# entry: convert
import numpy as np

def convert(x):
    return x.astype(np.float)

if __name__ == "__main__":
    convert(np.arange(4))
