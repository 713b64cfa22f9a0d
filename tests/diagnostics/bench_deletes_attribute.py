# expect: refused
# about: an attribute that the bench deletes between two calls
# line: 24
# entry: Chain
import numpy as np

class Stage:
    def __init__(self, gain):
        self.gain = gain
        self.count = 0

class Chain:
    def __init__(self):
        self.stage = Stage(2.0)

    def run(self, x):
        self.stage.count += 1
        return self.stage.gain * x

if __name__ == "__main__":
    chain = Chain()
    chain.run(1.0)
    print("now without its count")
    del chain.stage.count
    try:
        chain.run(2.0)
    except AttributeError:
        pass
