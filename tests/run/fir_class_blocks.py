# A block FIR class that keeps the last taps of the previous block.
# family: fir
# entry: BlockFir
# compare: derived
import numpy as np

class BlockFir:
    def __init__(self, taps):
        self.taps = taps
        self.tail = np.zeros(len(taps) - 1)

    def process(self, x):
        ext = np.concatenate((self.tail, x))
        self.tail = ext[len(ext) - len(self.tail):]
        return np.convolve(ext, self.taps, mode="valid")

if __name__ == "__main__":
    rng = np.random.default_rng(41)
    f = BlockFir(np.array([0.25, 0.5, 0.25, -0.1]))
    f.process(rng.standard_normal(16))
    f.process(rng.standard_normal(16))
    f.process(rng.standard_normal(16))
