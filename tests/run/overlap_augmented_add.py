# Augmented addition between overlapping views of one array.
# family: aliasing
# entry: smear
# compare: exact
import numpy as np

def smear(x):
    x[1:] += x[:-1]
    x[::-1] -= x // 2
    x[2:6] = x[0:4] + x[1:5]
    return x

if __name__ == "__main__":
    smear(np.arange(1, 9))
