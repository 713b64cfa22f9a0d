# The same array passed as two arguments, one of which is written.
# family: aliasing
# entry: accumulate
# compare: exact
import numpy as np

def accumulate(dst, src, k):
    for i in range(k, len(dst)):
        dst[i] += src[i - k]
    return dst.sum()

if __name__ == "__main__":
    a = np.arange(1, 7)
    b = np.arange(1, 7)
    accumulate(a, b, 1)
    accumulate(a, a, 1)
