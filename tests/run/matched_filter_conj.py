# A matched filter from the conjugated reversed pulse.
# family: correlation
# entry: matched
# compare: derived
import numpy as np

def matched(x, pulse):
    return np.convolve(x, np.conj(pulse[::-1]), mode="full")

if __name__ == "__main__":
    rng = np.random.default_rng(99)
    p = np.exp(1j * np.pi * np.arange(12) ** 2 / 12)
    x = rng.standard_normal(50) + 1j * rng.standard_normal(50)
    x[20:32] += 4 * p
    matched(x, p)
