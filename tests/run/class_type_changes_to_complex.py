# A float attribute that becomes complex after the first call.
# family: classes
# entry: Lock
# compare: derived
import numpy as np

class Lock:
    def __init__(self):
        self.ref = 0.0

    def feed(self, s):
        self.ref = 0.9 * self.ref + 0.1 * s
        return self.ref

if __name__ == "__main__":
    k = Lock()
    for v in (1 + 1j, 2 - 1j, 0.5j):
        k.feed(v)
