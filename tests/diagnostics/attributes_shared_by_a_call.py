# expect: refused
# about: two attributes that are one array after some call, and a later call stores into it
# line: 13
# entry: Pair
import numpy as np

class Pair:
    def __init__(self):
        self.now = np.zeros(3)
        self.kept = np.zeros(3)

    def add(self, x):
        self.now[0] += x
        return self.kept[0]

    def keep(self, x):
        self.kept = self.now
        self.now = self.kept * 1.0 if x > 5.0 else self.kept

if __name__ == "__main__":
    pair = Pair()
    pair.add(1.0)
    pair.keep(1.0)
    pair.add(2.0)
