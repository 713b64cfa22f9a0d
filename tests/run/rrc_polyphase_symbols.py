# A pulse shaper class that emits one symbol's samples from polyphase branches.
# family: rrc
# entry: PulseShaper
# compare: derived
import numpy as np

class PulseShaper:
    def __init__(self, taps, sps):
        self.branches = taps.reshape(-1, sps).T
        self.hist = np.zeros(self.branches.shape[1], dtype=complex)

    def push(self, symbol):
        self.hist = np.roll(self.hist, 1)
        self.hist[0] = symbol
        return self.branches @ self.hist

if __name__ == "__main__":
    p = PulseShaper(np.hanning(24), 4)
    for s in (1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j):
        p.push(s)
