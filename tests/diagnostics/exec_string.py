# expect: refused
# about: exec of code
# line: 9
# entry: patched
import numpy as np

def patched(x):
    scope = {"x": x}
    exec("y = x + " + str(len(x)), scope)
    return scope["y"]

if __name__ == "__main__":
    patched(np.arange(3.0))
