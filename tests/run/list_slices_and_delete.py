# List slicing, slice assignment, membership, index and count.
# family: lists
# entry: window
# compare: exact
import numpy as np

def window(x):
    a = list(x)
    head, tail = a[:2], a[-2:]
    a[1:3] = [40, 41]
    del a[0]
    return head + tail, a, 40 in a, a.index(41), a.count(9), a[::-1]

if __name__ == "__main__":
    window([9, 8, 7, 6, 9])
