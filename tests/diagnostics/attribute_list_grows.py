# expect: refused
# about: an attribute list that grows without a bound
# line: 12
# entry: Logger
import numpy as np

class Logger:
    def __init__(self):
        self.samples = []

    def push(self, v):
        self.samples.append(v)
        return max(self.samples)

if __name__ == "__main__":
    log = Logger()
    for v in (1.0, 3.0, 2.0):
        log.push(v)
