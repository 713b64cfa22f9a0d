# An OFDM modem class with carrier tables made in its constructor.
# family: ofdm
# entry: Modem
# compare: derived
import numpy as np

class Modem:
    def __init__(self, nfft, cp, guard):
        self.nfft = nfft
        self.cp = cp
        self.carriers = np.r_[1:nfft // 2 - guard, nfft // 2 + guard:nfft]

    @property
    def n_data(self):
        return len(self.carriers)

    def modulate(self, bits):
        sym = (1 - 2 * bits[:self.n_data]) + 1j * (1 - 2 * bits[self.n_data:])
        X = np.zeros(self.nfft, dtype=complex)
        X[self.carriers] = sym / np.sqrt(2)
        x = np.fft.ifft(X)
        return np.concatenate((x[-self.cp:], x))

    def demodulate(self, x):
        sym = np.fft.fft(x[self.cp:])[self.carriers]
        return np.concatenate((sym.real < 0, sym.imag < 0)).astype(int)

if __name__ == "__main__":
    rng = np.random.default_rng(136)
    m = Modem(32, 8, 3)
    bits = rng.integers(0, 2, 2 * m.n_data)
    m.demodulate(m.modulate(bits))
