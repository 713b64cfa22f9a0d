# A framer with hunt, verify and lock states named by strings.
# family: frame-sync
# entry: Framer
# compare: exact
import numpy as np

class Framer:
    def __init__(self):
        self.state = "hunt"
        self.hits = 0

    def frame(self, header_ok):
        if self.state == "hunt":
            if header_ok:
                self.state = "verify"
                self.hits = 1
        elif self.state == "verify":
            self.hits = self.hits + 1 if header_ok else 0
            if self.hits == 0:
                self.state = "hunt"
            elif self.hits >= 3:
                self.state = "lock"
        else:
            self.hits = self.hits - 1 if not header_ok else 3
            if self.hits <= 0:
                self.state = "hunt"
        return self.state == "lock"

if __name__ == "__main__":
    f = Framer()
    for ok in (False, True, True, False, True, True, True, True, False, False, False, True):
        f.frame(ok)
