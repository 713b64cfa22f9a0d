# expect: refused
# about: a string built from run-time data
# line: 10
# entry: as_text
import numpy as np

def as_text(bits):
    s = ""
    for b in bits:
        s += chr(65 + int(b))
    return s

if __name__ == "__main__":
    as_text(np.array([0, 1, 2]))
