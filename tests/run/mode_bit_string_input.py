# A code given as a string of zeros and ones turned into chips.
# family: strings-modes
# entry: spread
# compare: exact
import numpy as np

def spread(bits, code="10110111000"):
    chips = np.array([1 if c == "1" else -1 for c in code])
    return np.concatenate([(2 * int(b) - 1) * chips for b in bits])

if __name__ == "__main__":
    spread(np.array([1, 0, 1]))
    spread(np.array([0, 1]), code="1101")
