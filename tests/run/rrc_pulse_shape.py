# Symbols shaped by an RRC filter designed inside the function.
# family: rrc
# entry: shape
# compare: derived
import numpy as np

def rrc(n, sps, beta):
    t = (np.arange(n) - (n - 1) / 2) / sps + 1e-8
    top = np.sin(np.pi * t * (1 - beta)) + 4 * beta * t * np.cos(np.pi * t * (1 + beta))
    return top / (np.pi * t * (1 - (4 * beta * t) ** 2))

def shape(symbols, sps=4):
    up = np.zeros(len(symbols) * sps, dtype=symbols.dtype)
    up[::sps] = symbols
    return np.convolve(up, rrc(33, sps, 0.3))

if __name__ == "__main__":
    rng = np.random.default_rng(131)
    shape(rng.choice([-1.0, 1.0], 20) + 1j * rng.choice([-1.0, 1.0], 20))
    shape(rng.choice([-1.0, 1.0], 13) + 1j * rng.choice([-1.0, 1.0], 13))
