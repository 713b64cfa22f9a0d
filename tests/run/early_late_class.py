# An early-late gate class with an integer sampling strobe.
# family: timing-recovery
# entry: EarlyLate
# compare: derived
import numpy as np

class EarlyLate:
    def __init__(self, sps):
        self.sps = sps
        self.offset = 0

    def symbol(self, block):
        c = self.sps // 2 + self.offset
        early, late = abs(block[c - 1]), abs(block[c + 1])
        if late > early * 1.1 and self.offset < self.sps // 4:
            self.offset += 1
        elif early > late * 1.1 and self.offset > -(self.sps // 4):
            self.offset -= 1
        return block[c]

if __name__ == "__main__":
    el = EarlyLate(8)
    pulse = np.sin(np.pi * (np.arange(8) + 0.5) / 8)
    for k in range(6):
        el.symbol(np.roll(pulse, 2) * (-1) ** k)
