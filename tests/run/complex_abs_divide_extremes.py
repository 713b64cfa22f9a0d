# Complex absolute value and division near overflow and underflow.
# family: math
# entry: extremes
# compare: derived
import numpy as np

def extremes(a, b):
    return np.abs(a), a / b, np.angle(a)

if __name__ == "__main__":
    a = np.array([3e200 + 4e200j, 3e-200 - 4e-200j, 1e308 + 1e308j, 5 + 0j])
    b = np.array([1e200 - 1e200j, 2e-200 + 1e-200j, 1e308 + 1e307j, 0 + 2j])
    extremes(a, b)
