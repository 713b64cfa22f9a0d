# A CORDIC class that owns its angle table as integers.
# family: cordic
# entry: Cordic
# compare: exact
import numpy as np

class Cordic:
    def __init__(self, bits):
        self.bits = bits
        self.angles = np.round(np.arctan(2.0 ** -np.arange(bits)) * 2 ** 16).astype(np.int64)

    def sincos(self, z):
        x, y = 39797, 0
        for k in range(self.bits):
            if z < 0:
                x, y, z = x + (y >> k), y - (x >> k), z + int(self.angles[k])
            else:
                x, y, z = x - (y >> k), y + (x >> k), z - int(self.angles[k])
        return y, x

if __name__ == "__main__":
    c = Cordic(15)
    c.sincos(0)
    c.sincos(40000)
    c.sincos(-98304)
