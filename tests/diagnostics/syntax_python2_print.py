# expect: syntax-error
# about: a Python 2 print statement
# line: 8
# entry: scale
import numpy as np

def scale(x):
    print "scaling", len(x)
    return 2 * x

if __name__ == "__main__":
    scale(np.arange(4.0))
