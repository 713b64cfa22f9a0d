# Coherent AM detection by mixing with a phase estimate.
# family: analog-modulation
# entry: am_coherent
# compare: derived
import numpy as np

def am_coherent(x, fc):
    n = np.arange(len(x))
    bb = x * np.exp(-2j * np.pi * fc * n)
    ph = np.angle(np.sum(bb ** 2)) / 2
    y = np.real(bb * np.exp(-1j * ph))
    return y if np.sum(y) >= 0 else -y

if __name__ == "__main__":
    n = np.arange(128)
    m = 1 + 0.4 * np.sin(2 * np.pi * n / 32)
    am_coherent(m * np.exp(2j * np.pi * 0.1 * n + 0.6j), 0.1)
    am_coherent(m * np.exp(2j * np.pi * 0.1 * n + 2.9j), 0.1)
