# expect: syntax-error
# about: a missing colon
# line: 7
# entry: scale
import numpy as np

def scale(x)
    return 2 * x

if __name__ == "__main__":
    scale(np.arange(4.0))
