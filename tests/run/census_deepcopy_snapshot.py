# A deep copy of the state taken and restored later.
# family: classes
# entry: Undo
# compare: exact
import copy
import numpy as np

class Undo:
    def __init__(self):
        self.values = np.zeros(3, dtype=int)
        self.saved = copy.deepcopy(self.values)

    def save(self):
        self.saved = copy.deepcopy(self.values)

    def add(self, k, v):
        self.values[k] += v
        return self.values.copy()

    def restore(self):
        self.values = self.saved
        return self.values

if __name__ == "__main__":
    u = Undo()
    u.add(0, 5)
    u.save()
    u.add(1, 7)
    u.restore()
    u.add(2, 1)
