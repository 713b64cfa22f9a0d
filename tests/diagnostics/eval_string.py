# expect: refused
# about: eval of a string built at run time
# line: 8
# entry: evaluate
import numpy as np

def evaluate(x, k):
    return eval("x * " + str(int(k[0])))

if __name__ == "__main__":
    evaluate(np.arange(3.0), np.array([3]))
