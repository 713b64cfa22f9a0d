# expect: syntax-error
# about: an indent that matches no outer level
# line: 10
# entry: scale
import numpy as np

def scale(x):
    if x[0] > 0:
        y = x
      return y

if __name__ == "__main__":
    scale(np.arange(4.0))
