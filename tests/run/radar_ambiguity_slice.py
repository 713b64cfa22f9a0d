# An ambiguity function on a delay-Doppler grid.
# family: radar
# entry: ambiguity
# compare: derived
import numpy as np

def ambiguity(s, delays, dopplers):
    n = np.arange(len(s))
    out = np.zeros((len(delays), len(dopplers)))
    for i, d in enumerate(delays):
        shifted = np.roll(s, d)
        for j, f in enumerate(dopplers):
            out[i, j] = np.abs(np.vdot(shifted, s * np.exp(2j * np.pi * f * n)))
    return out / np.max(out)

if __name__ == "__main__":
    s = np.exp(1j * np.pi * np.arange(24) ** 2 / 24)
    ambiguity(s, range(-4, 5), np.linspace(-0.1, 0.1, 5))
