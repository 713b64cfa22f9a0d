# A QPSK Costas loop class with a sign-based detector.
# family: costas-pll
# entry: CostasQpsk
# compare: derived
import numpy as np

class CostasQpsk:
    def __init__(self, bw=0.05):
        d = 1 / np.sqrt(2)
        den = 1 + 2 * d * bw + bw * bw
        self.alpha = 4 * d * bw / den
        self.beta = 4 * bw * bw / den
        self.phase = 0.0
        self.freq = 0.0

    def step(self, s):
        y = s * np.exp(-1j * self.phase)
        e = np.sign(y.real) * y.imag - np.sign(y.imag) * y.real
        self.freq += self.beta * e
        self.phase = np.mod(self.phase + self.freq + self.alpha * e, 2 * np.pi)
        return y

if __name__ == "__main__":
    rng = np.random.default_rng(112)
    sym = np.exp(1j * (np.pi / 4 + np.pi / 2 * rng.integers(0, 4, 60)))
    loop = CostasQpsk()
    for k, v in enumerate(sym):
        loop.step(v * np.exp(1j * (0.3 + 0.01 * k)))
