# Doubling the rate by padding the middle of the spectrum.
# family: polyphase-resample
# entry: double_rate
# compare: derived
import numpy as np

def double_rate(x):
    n = len(x)
    X = np.fft.fft(x)
    Y = np.zeros(2 * n, dtype=complex)
    Y[:n // 2] = X[:n // 2]
    Y[-n // 2:] = X[-n // 2:]
    return 2 * np.real(np.fft.ifft(Y))

if __name__ == "__main__":
    rng = np.random.default_rng(51)
    double_rate(rng.standard_normal(32))
