# Lambdas and functions passed as arguments.
# family: functions
# entry: run
# compare: derived
import numpy as np

def fixed_point(f, x, steps):
    for _ in range(steps):
        x = f(x)
    return x

def run(x):
    a = fixed_point(lambda v: 0.5 * (v + x / v), np.ones_like(x), 6)
    b = fixed_point(np.cos, x, 3)
    return a, b

if __name__ == "__main__":
    run(np.array([2.0, 3.0, 10.0]))
