# expect: refused
# about: np.linalg.eig of a general matrix of data
# line: 8
# entry: modes
import numpy as np

def modes(A):
    w, V = np.linalg.eig(A)
    return V[:, 0]

if __name__ == "__main__":
    modes(np.array([[1.0, 2.0], [3.0, 4.0]]))
