# Exponentials, logarithms and inverse trigonometric functions over arrays.
# family: math
# entry: transcend
# compare: derived
import numpy as np

def transcend(x):
    return (np.exp(x), np.log1p(np.abs(x)), np.expm1(x), np.tan(x), np.arctan(x), np.sinh(x), np.tanh(x),
            np.cbrt(x), np.log2(np.abs(x) + 1), np.arcsin(np.clip(x, -1, 1)))

if __name__ == "__main__":
    transcend(np.array([-2.5, -1.0, -1e-9, 0.0, 1e-9, 0.3, 1.0, 3.7]))
