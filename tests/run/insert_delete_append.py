# np.append, np.insert and np.delete make new arrays.
# family: indexing
# entry: edit
# compare: exact
import numpy as np

def edit(x):
    a = np.append(x, [9, 9])
    b = np.insert(x, 2, -1)
    c = np.delete(x, 0)
    d = np.delete(x, [1, -1])
    return a, b, c, d

if __name__ == "__main__":
    edit(np.array([4, 5, 6, 7]))
