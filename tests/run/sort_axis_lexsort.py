# Sort along an axis, take_along_axis and lexsort of two keys.
# family: sorting
# entry: sort_rows
# compare: exact
import numpy as np

def sort_rows(a):
    idx = np.argsort(a, axis=1, kind="stable")
    return np.sort(a, axis=0), np.take_along_axis(a, idx, axis=1), np.lexsort((a[:, 1], a[:, 0]))

if __name__ == "__main__":
    sort_rows(np.array([[3, 1, 2], [1, 9, 0], [3, 0, 7], [1, 2, 2]]))
