# expect: bench-raises
# about: a name that is defined nowhere
# line: 8
# entry: mix
import numpy as np

def mix(x):
    return x * np.exp(-1j * omega * np.arange(len(x)))

if __name__ == "__main__":
    mix(np.arange(4.0))
