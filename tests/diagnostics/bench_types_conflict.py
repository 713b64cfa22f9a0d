# expect: reported
# about: calls of the bench that disagree on a type: int, then str
# line: 7
# entry: scale
import numpy as np

def scale(x, k):
    return x * k if not isinstance(k, str) else x * len(k)

if __name__ == "__main__":
    scale(np.arange(3.0), 2)
    scale(np.arange(3.0), "abc")
