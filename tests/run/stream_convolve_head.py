# The head of a convolution: block by block it is a FIR that never looks ahead.
# family: streaming
# entry: smooth
# compare: derived
import numpy as np

H = np.hanning(16)

def smooth(x):
    return np.convolve(x, H)[: len(x)]

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        smooth(rng.standard_normal(n))
