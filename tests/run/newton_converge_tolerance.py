# Newton iteration until a tolerance or a maximum count.
# family: control-flow
# entry: newton_sqrt
# compare: derived
import numpy as np

def newton_sqrt(a, tol=1e-10, max_iter=50):
    x = a if a > 1 else 1.0
    for it in range(max_iter):
        nxt = 0.5 * (x + a / x)
        if abs(nxt - x) < tol * x:
            return nxt, it
        x = nxt
    return x, max_iter

if __name__ == "__main__":
    newton_sqrt(2.0)
    newton_sqrt(0.04)
    newton_sqrt(1e6)
