# A ring buffer with __len__, __getitem__ and __call__.
# family: classes
# entry: Ring
# compare: exact
import numpy as np

class Ring:
    def __init__(self, size):
        self.data = [0] * size
        self.head = 0

    def __len__(self):
        return len(self.data)

    def __getitem__(self, k):
        return self.data[(self.head - 1 - k) % len(self)]

    def __call__(self, v):
        self.data[self.head] = v
        self.head = (self.head + 1) % len(self)
        return self[0] - self[len(self) - 1]

if __name__ == "__main__":
    r = Ring(4)
    for v in (5, 1, 9, 2, 7, 7):
        r(v)
