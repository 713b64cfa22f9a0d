# Insertion sort with a while loop and element moves.
# family: sorting
# entry: insertion_sort
# compare: exact
import numpy as np

def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a

if __name__ == "__main__":
    rng = np.random.default_rng(283)
    insertion_sort(rng.integers(-50, 50, 25))
    insertion_sort(rng.integers(-50, 50, 1))
