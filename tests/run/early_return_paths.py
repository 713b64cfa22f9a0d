# Several early returns from nested branches.
# family: functions
# entry: classify
# compare: exact
import numpy as np

def classify(x):
    if len(x) == 0:
        return -1
    if np.all(x == x[0]):
        return 0
    for i in range(1, len(x)):
        if x[i] < x[i - 1]:
            if x[i] < 0:
                return i
            break
    else:
        return 1000
    return 2000 + i

if __name__ == "__main__":
    classify(np.array([1, 2, 3, 4]))
    classify(np.array([2, 2, 2, 2]))
    classify(np.array([1, 3, 2, 4]))
    classify(np.array([1, 3, -2, 4]))
