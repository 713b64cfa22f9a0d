# expect: refused
# about: open() of a file inside the entry
# line: 8
# entry: load_gain
import numpy as np

def load_gain(x):
    with open("gain.txt") as f:
        g = float(f.read())
    return g * x

if __name__ == "__main__":
    import os
    import tempfile
    os.chdir(tempfile.mkdtemp())
    with open("gain.txt", "w") as f:
        f.write("2.0")
    load_gain(np.arange(4.0))
