# expect: refused
# about: a variable that is an array in one branch and a string in the other
# line: 11
# entry: describe
import numpy as np

def describe(x):
    if x[0] > 0:
        r = x * 2
    else:
        r = "negative"
    return r

if __name__ == "__main__":
    describe(np.array([1.0, 2.0]))
    describe(np.array([-1.0, 2.0]))
