# Tuple unpacking of a row of the wrong length raises.
# family: errors
# entry: sections
# compare: derived
import numpy as np

def sections(c, x):
    b0, b1, b2 = c
    return b0 + b1 * x + b2 * x * x

if __name__ == "__main__":
    sections(np.array([1.0, 2.0, 3.0]), 0.5)
    try:
        sections(np.array([1.0, 2.0, 3.0, 4.0]), 0.5)
    except ValueError:
        pass
