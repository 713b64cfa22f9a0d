# A digital up-converter from baseband symbols to a real carrier.
# family: ddc-duc
# entry: duc
# compare: derived
import numpy as np
from scipy import signal

def duc(sym, fc):
    up = np.zeros(len(sym) * 8, dtype=complex)
    up[::8] = sym
    h = signal.firwin(65, 1 / 8) * 8
    bb = np.convolve(up, h, "same")
    lo = np.exp(2j * np.pi * fc * np.arange(len(bb)))
    return np.real(bb * lo)

if __name__ == "__main__":
    rng = np.random.default_rng(69)
    duc(rng.choice([-1, 1], 16) + 1j * rng.choice([-1, 1], 16), 0.22)
