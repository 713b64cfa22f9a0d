# A failed assert is an error status, a passing one is nothing.
# family: errors
# entry: checked_mean
# compare: derived
import numpy as np

def checked_mean(x, limit):
    m = np.mean(x)
    assert abs(m) < limit, "mean out of range"
    return m

if __name__ == "__main__":
    checked_mean(np.array([1.0, 2.0, 3.0]), 5.0)
    try:
        checked_mean(np.array([10.0, 20.0, 30.0]), 5.0)
    except AssertionError:
        pass
