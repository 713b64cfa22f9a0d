# A dict of functions chosen by a string key.
# family: strings-modes
# entry: demodulate
# compare: derived
import numpy as np

def am(x):
    return np.abs(x)

def fm(x):
    return np.angle(x[1:] * x[:-1].conj())

def pm(x):
    return np.angle(x)

DEMOD = {"am": am, "fm": fm, "pm": pm}

def demodulate(x, kind):
    return DEMOD[kind](x)

if __name__ == "__main__":
    x = np.exp(0.3j * np.arange(12)) * np.linspace(1, 2, 12)
    demodulate(x, "am")
    demodulate(x, "fm")
    demodulate(x, "pm")
