# np.convolve of a list of computed length: gcc warned of the code for signals that are shorter than the taps and fill no group of outputs.
# family: indexing
# entry: f
# compare: derived
import numpy as np

def f(x, g):
    items = []
    for k in range(len(x)):
        items.append(x[k] + g)
    v = np.array(items)
    return np.convolve(v, [0.25, 0.5, 0.25])[1:-1] + np.fft.fft(x).imag

if __name__ == "__main__":
    for g in (0.5, -1.0):
        f(np.cos(np.arange(12)), g)
