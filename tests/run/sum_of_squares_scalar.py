# A scalar accumulation over an array with for-in.
# family: control-flow
# entry: energy
# compare: derived
import numpy as np

def energy(x):
    total = 0.0
    for v in x:
        total += v ** 2
    return total

if __name__ == "__main__":
    energy(np.linspace(-2.0, 3.0, 33))
