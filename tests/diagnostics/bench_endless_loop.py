# expect: bench-hangs
# about: a bench that never ends
# line: 8
# entry: step
import numpy as np

def step(x):
    while np.sum(x) >= 0:
        x = x * 0.5
    return x

if __name__ == "__main__":
    step(np.arange(4.0))
