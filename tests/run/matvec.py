# Matrix times vector plus vector.
# family: linalg
# entry: apply
# compare: derived
import numpy as np

def apply(A, x, b):
    return np.dot(A, x) + b

if __name__ == "__main__":
    rng = np.random.default_rng(14)
    apply(rng.standard_normal((5, 7)), rng.standard_normal(7), rng.standard_normal(5))
