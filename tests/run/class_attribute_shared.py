# A class attribute used as a default and shadowed by an instance.
# family: classes
# entry: Station
# compare: exact
import numpy as np

class Station:
    retries = 3

    def __init__(self, ident):
        self.ident = ident

    def attempt(self, ok):
        if not ok:
            self.retries -= 1
        return self.retries, self.ident % Station.retries

if __name__ == "__main__":
    a = Station(7)
    a.attempt(False)
    a.attempt(True)
    a.attempt(False)
