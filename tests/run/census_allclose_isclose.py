# allclose as a stopping rule and isclose as a mask.
# family: control-flow
# entry: settle
# compare: derived
import numpy as np

def settle(x):
    y = x
    steps = 0
    while steps < 200:
        z = 0.5 * (y + np.roll(y, 1))
        steps += 1
        if np.allclose(z, y, atol=1e-3):
            break
        y = z
    return y, steps, np.isclose(y, np.mean(x), atol=0.05)

if __name__ == "__main__":
    settle(np.array([1.0, 0.0, 3.0, -2.0, 0.5]))
