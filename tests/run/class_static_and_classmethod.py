# Static methods, a class method as a constructor and a constant table.
# family: classes
# entry: Quantiser
# compare: exact
import numpy as np

class Quantiser:
    LEVELS = {"coarse": 2, "fine": 6}

    def __init__(self, bits):
        self.bits = bits

    @classmethod
    def named(cls, name):
        return cls(cls.LEVELS[name])

    @staticmethod
    def clamp(v, lo, hi):
        return lo if v < lo else hi if v > hi else v

    def code(self, x):
        top = 2 ** (self.bits - 1)
        return [self.clamp(int(np.floor(v * top)), -top, top - 1) for v in x]

if __name__ == "__main__":
    q = Quantiser.named("coarse")
    q.code(np.array([-1.5, -0.26, 0.3, 0.99]))
    Quantiser.named("fine").code(np.array([-1.5, -0.26, 0.3, 0.99]))
