# expect: bench-prints
# about: a bench that prints without end
# line: 12
# entry: step
import numpy as np

def step(x):
    return 0.5 * x

if __name__ == "__main__":
    for k in range(200000):
        print("step", k, "of the bench, with some words to make it long")
    step(np.arange(4.0))
