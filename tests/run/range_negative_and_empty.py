# Ranges that count down, that are empty, and bounds changed inside the loop.
# family: control-flow
# entry: ranges
# compare: exact
import numpy as np

def ranges(n):
    a = [i for i in range(n, 0, -3)]
    b = 0
    for i in range(5, n):
        b += i
    m = n
    c = 0
    for i in range(m):
        m = 2
        i += 10
        c += i
    return np.array(a), b, c, m

if __name__ == "__main__":
    ranges(4)
    ranges(9)
