# Power iteration with normalisation for the dominant eigenvalue.
# family: linalg
# entry: dominant
# compare: derived
import numpy as np

def dominant(A, steps=40):
    v = np.ones(A.shape[0])
    lam = 0.0
    for _ in range(steps):
        w = A @ v
        lam = np.linalg.norm(w)
        v = w / lam
    return lam, v

if __name__ == "__main__":
    dominant(np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 1.0]]))
