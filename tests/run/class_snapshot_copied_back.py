# A saved array is copied back, so that saving and going on do not share it.
# family: classes
# entry: Undo
# compare: exact
import numpy as np

class Undo:
    def __init__(self):
        self.values = np.zeros(3, dtype=int)
        self.saved = self.values.copy()

    def save(self):
        self.saved = self.values.copy()

    def add(self, k, v):
        self.values[k] += v
        return self.values.copy()

    def restore(self):
        self.values = self.saved.copy()

if __name__ == "__main__":
    u = Undo()
    u.add(0, 5)
    u.save()
    u.add(1, 7)
    u.restore()
    u.add(2, 1)
