# Two instances with separate state, called in turn.
# family: classes
# entry: Toggle
# compare: exact
import numpy as np

class Toggle:
    def __init__(self, start=False):
        self.on = start
        self.edges = 0

    def feed(self, bit):
        if bit and not self.on:
            self.edges += 1
        self.on = bool(bit)
        return self.edges

if __name__ == "__main__":
    a, b = Toggle(), Toggle(True)
    for k in range(8):
        a.feed(k & 1)
        b.feed((k >> 1) & 1)
