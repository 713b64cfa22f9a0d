# A self-synchronising scrambler and descrambler.
# family: crc-scrambler
# entry: Scrambler
# compare: exact
import numpy as np

class Scrambler:
    def __init__(self, seed=0x7F):
        self.seed = seed
        self.state = seed

    def scramble(self, bits):
        out = np.zeros_like(bits)
        for i in range(len(bits)):
            out[i] = bits[i] ^ ((self.state >> 6) & 1) ^ ((self.state >> 3) & 1)
            self.state = ((self.state << 1) | int(out[i])) & 0x7F
        return out

    def descramble(self, bits):
        self.state = self.seed
        out = []
        for b in bits:
            out.append(int(b) ^ (self.state >> 6 & 1) ^ (self.state >> 3 & 1))
            self.state = ((self.state << 1) | int(b)) & 0x7F
        return np.array(out)

if __name__ == "__main__":
    rng = np.random.default_rng(161)
    s = Scrambler()
    s.descramble(s.scramble(rng.integers(0, 2, 50)))
