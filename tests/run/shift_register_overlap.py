# Overlapping slice assignment does not read what it just wrote.
# family: aliasing
# entry: shift_in
# compare: exact
import numpy as np

def shift_in(buf, xs):
    for v in xs:
        buf[1:] = buf[:-1]
        buf[0] = v
    rev = buf.copy()
    rev[:-1] = rev[1:]
    return rev

if __name__ == "__main__":
    shift_in(np.arange(6), np.array([10, 20, 30]))
