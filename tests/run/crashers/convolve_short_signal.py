# np.convolve with a signal that may be shorter than the taps: gcc warned of a group of outputs that such a signal never fills.
# family: FIR
# entry: f
# compare: derived
import numpy as np

def f(x, g):
    items = []
    for k in range(len(x)):
        items.append(x[k] + g)
    v = np.array(items)
    return np.stack([np.convolve(v, [0.25, 0.5, 0.25])[1:-1], v * 2.0]), v

if __name__ == "__main__":
    for n in (12, 9):
        f(np.cos(np.arange(n)), 0.5)
