# expect: bench-raises
# about: a call with too few arguments
# line: 11
# entry: scale
import numpy as np

def scale(x, gain):
    return gain * x

if __name__ == "__main__":
    scale(np.arange(4.0))
