# Raised cosine by sinc, shaped and sampled at the symbol instants.
# family: rrc
# entry: link
# compare: derived
import numpy as np

def link(bits, sps=8, beta=0.35):
    t = np.arange(-4 * sps, 4 * sps + 1) / sps
    h = np.sinc(t) * np.cos(np.pi * beta * t) / (1 - (2 * beta * t) ** 2)
    x = np.repeat(2.0 * bits - 1, sps)
    x[np.arange(len(x)) % sps != 0] = 0
    y = np.convolve(x, h)
    return y[4 * sps:4 * sps + len(x):sps]

if __name__ == "__main__":
    rng = np.random.default_rng(132)
    link(rng.integers(0, 2, 24))
