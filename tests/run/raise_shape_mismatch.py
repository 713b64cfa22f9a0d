# Arrays that do not broadcast raise ValueError.
# family: errors
# entry: add
# compare: derived
import numpy as np

def add(a, b):
    return a + b

if __name__ == "__main__":
    add(np.ones(4), np.arange(4.0))
    add(np.ones(4), np.ones(1))
    try:
        add(np.ones(4), np.ones(3))
    except ValueError:
        pass
