# expect: reported
# about: eigenvectors returned as they are: their signs are not defined
# line: 8
# entry: vectors
import numpy as np

def vectors(R):
    w, V = np.linalg.eigh(R)
    return V

if __name__ == "__main__":
    vectors(np.array([[2.0, 1.0], [1.0, 3.0]]))
