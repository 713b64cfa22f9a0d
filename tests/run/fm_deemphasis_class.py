# An FM receiver class with discriminator memory and de-emphasis.
# family: analog-modulation
# entry: FmReceiver
# compare: derived
import numpy as np

class FmReceiver:
    def __init__(self, fs, tau=75e-6):
        self.alpha = 1 - np.exp(-1 / (fs * tau))
        self.last = 1 + 0j
        self.y = 0.0

    def process(self, iq):
        prev = np.concatenate(([self.last], iq[:-1]))
        self.last = iq[-1]
        raw = np.angle(iq * np.conj(prev))
        out = np.empty_like(raw)
        for n in range(len(raw)):
            self.y += self.alpha * (raw[n] - self.y)
            out[n] = self.y
        return out

if __name__ == "__main__":
    n = np.arange(60)
    rx = FmReceiver(48000.0)
    sig = np.exp(1j * 3 * np.sin(0.2 * n))
    rx.process(sig[:30])
    rx.process(sig[30:])
