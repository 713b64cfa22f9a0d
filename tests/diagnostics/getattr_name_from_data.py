# expect: refused
# about: an attribute whose name is made from data
# line: 8
# entry: apply
import numpy as np

def apply(x, k):
    f = getattr(np, ["sin", "cos", "tan"][int(k[0])])
    return f(x)

if __name__ == "__main__":
    apply(np.arange(3.0), np.array([1]))
