# A singular matrix raises LinAlgError.
# family: errors
# entry: invert
# compare: derived
import numpy as np

def invert(A):
    return np.linalg.inv(A)

if __name__ == "__main__":
    invert(np.array([[2.0, 1.0], [1.0, 3.0]]))
    try:
        invert(np.array([[1.0, 2.0], [2.0, 4.0]]))
    except np.linalg.LinAlgError:
        pass
