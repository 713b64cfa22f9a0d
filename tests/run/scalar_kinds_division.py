# NumPy float division by zero gives inf and nan where Python would raise.
# family: promotion
# entry: ratios
# compare: derived
import numpy as np

def ratios(a, b):
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.float64(a) / b
        y = np.array([a, -a, 0.0]) / b
    return x, y

if __name__ == "__main__":
    ratios(1.0, 0.0)
    ratios(-3.0, 2.0)
