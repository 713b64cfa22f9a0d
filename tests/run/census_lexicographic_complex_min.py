# min and max of complex arrays compare lexicographically.
# family: promotion
# entry: lower_of
# compare: derived
import numpy as np

def lower_of(z, c):
    return np.min(z), np.max(z), np.minimum(z, c), np.sort(z)

if __name__ == "__main__":
    lower_of(np.array([1 + 2j, 1 - 2j, 0.5 + 9j, 1 + 0j]), 1.0)
