# expect: refused
# about: a class made by type() with a name from data
# line: 8
# entry: boxed
import numpy as np

def boxed(x):
    C = type("Box" + str(int(x[0])), (), {"v": x})
    return C.v * 2

if __name__ == "__main__":
    boxed(np.arange(3.0))
