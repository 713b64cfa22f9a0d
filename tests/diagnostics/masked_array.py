# expect: refused
# about: numpy.ma
# line: 8
# entry: masked_mean
import numpy as np

def masked_mean(x):
    m = np.ma.masked_less(x, 0.0)
    return m.mean()

if __name__ == "__main__":
    masked_mean(np.array([1.0, -1.0, 3.0]))
