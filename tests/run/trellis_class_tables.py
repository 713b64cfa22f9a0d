# A trellis class that builds next-state tables from generators.
# family: convolutional-viterbi
# entry: Trellis
# compare: exact
import numpy as np

class Trellis:
    def __init__(self, memory, gens):
        self.n_states = 2 ** memory
        self.next_state = np.zeros((self.n_states, 2), dtype=int)
        self.output = np.zeros((self.n_states, 2), dtype=int)
        for s in range(self.n_states):
            for b in (0, 1):
                reg = (b << memory) | s
                word = 0
                for g in gens:
                    word = (word << 1) | (bin(reg & g).count("1") % 2)
                self.next_state[s, b] = reg >> 1
                self.output[s, b] = word

    def encode(self, bits):
        s = 0
        out = np.empty(len(bits), dtype=int)
        for i in range(len(bits)):
            out[i] = self.output[s, bits[i]]
            s = self.next_state[s, bits[i]]
        return out

if __name__ == "__main__":
    rng = np.random.default_rng(148)
    Trellis(2, (0o5, 0o7)).encode(rng.integers(0, 2, 30))
