# A first-order sigma-delta modulator: a comparison inside a feedback loop.
# family: control-flow
# entry: sigma_delta
# compare: exact
import numpy as np

def sigma_delta(x):
    integ = 0.0
    fb = 0.0
    bits = np.zeros(len(x), dtype=np.int8)
    for n in range(len(x)):
        integ += x[n] - fb
        if integ >= 0:
            bits[n] = 1
            fb = 1.0
        else:
            bits[n] = 0
            fb = -1.0
    return bits

if __name__ == "__main__":
    sigma_delta(0.6 * np.sin(2 * np.pi * np.arange(120) / 60.5 + 0.1))
