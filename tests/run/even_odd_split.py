# Even and odd samples returned as a tuple.
# family: indexing
# entry: split
# compare: exact
import numpy as np

def split(x):
    return x[0::2], x[1::2]

if __name__ == "__main__":
    split(np.arange(11))
    split(np.arange(20))
