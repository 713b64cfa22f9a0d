# List repetition shares inner lists; a comprehension does not.
# family: lists
# entry: rows
# compare: exact
import numpy as np

def rows(n):
    shared = [[0] * 3] * n
    own = [[0] * 3 for _ in range(n)]
    shared[0][1] = 5
    own[0][1] = 5
    return np.array(shared), np.array(own), [1, 2] * 2 + [3]

if __name__ == "__main__":
    rows(2)
