# A class that raises its own exception and keeps its state consistent.
# family: errors
# entry: Buffer
# compare: exact
import numpy as np

class BufferFull(Exception):
    pass

class Buffer:
    def __init__(self, size):
        self.data = np.zeros(size, dtype=np.int64)
        self.used = 0

    def put(self, block):
        if self.used + len(block) > len(self.data):
            raise BufferFull("no room")
        self.data[self.used:self.used + len(block)] = block
        self.used += len(block)
        return self.used

    def drain(self):
        out = self.data[:self.used].sum()
        self.used = 0
        return out

if __name__ == "__main__":
    b = Buffer(5)
    b.put(np.array([1, 2, 3]))
    try:
        b.put(np.array([4, 5, 6]))
    except BufferFull:
        pass
    b.drain()
    b.put(np.array([4, 5, 6]))
