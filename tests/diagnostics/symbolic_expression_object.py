# expect: refused
# about: an object with overloaded operators that builds expressions from data
# line: 17
# entry: derive
import numpy as np

class Symbol:
    def __init__(self, text):
        self.text = text

    def __add__(self, other):
        return Symbol("(" + self.text + " + " + str(other) + ")")

def derive(x):
    e = Symbol("t")
    for v in x:
        e = e + float(v)
    return len(e.text)

if __name__ == "__main__":
    derive(np.array([1.0, 2.5]))
