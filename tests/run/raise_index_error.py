# An index beyond the array raises IndexError, a negative one counts from the end.
# family: errors
# entry: lookup
# compare: exact
import numpy as np

def lookup(table, k):
    return table[k]

if __name__ == "__main__":
    t = np.array([10, 20, 30])
    lookup(t, 2)
    lookup(t, -3)
    for bad in (3, -4):
        try:
            lookup(t, bad)
        except IndexError:
            pass
