# expect: syntax-error
# about: a bracket that is never closed
# line: 8
# entry: scale
import numpy as np

def scale(x):
    y = np.zeros((len(x), 2)
    return y

if __name__ == "__main__":
    scale(np.arange(4.0))
