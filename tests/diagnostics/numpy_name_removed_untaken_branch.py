# expect: reported
# about: a removed NumPy name in a branch the bench did not take
# line: 9
# entry: quantise
import numpy as np

def quantise(x, hard=False):
    if hard:
        return x.astype(np.int)
    return np.round(x)

if __name__ == "__main__":
    quantise(np.arange(4.0))
