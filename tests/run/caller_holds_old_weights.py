# Rebinding an attribute leaves the caller's array; writing into it does not.
# family: aliasing
# entry: Holder
# compare: exact
import numpy as np

class Holder:
    def __init__(self, w):
        self.w = w

    def weights(self):
        return self.w

    def write(self, v):
        self.w += v
        return self.w.sum()

    def rebind(self, v):
        self.w = self.w + v
        return self.w.sum()

if __name__ == "__main__":
    w = np.arange(4)
    h = Holder(w)
    old = h.weights()
    h.write(1)
    h.rebind(10)
    h.write(5)
    h.weights()
