# expect: refused
# about: an integer that grows past any width, with no mask
# line: 10
# entry: factorial_sum
import numpy as np

def factorial_sum(bits):
    v = 1
    for b in bits:
        v = v * 10 + int(b)
    return v

if __name__ == "__main__":
    factorial_sum(np.ones(60, dtype=np.int64))
