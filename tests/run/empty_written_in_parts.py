# Memory of np.empty that is written before it is read: whole, by halves, element by element, and only where a mask says.
# family: aliasing
# entry: filled
# compare: derived
import numpy as np


def filled(x, levels):
    n = len(x)
    halves = np.empty(2 * n)
    halves[:n] = x
    halves[n:] = x[::-1]
    steps = np.empty_like(levels)
    for k in range(len(levels)):
        steps[k] = levels[k] + (steps[k - 1] if k > 0 else 0)
    grid = np.empty((3, n), dtype=np.complex128)
    grid[:] = x * 1j
    grid[1] = halves[n:]
    chosen = np.empty(n)
    positive = x > 0.0
    chosen[positive] = np.sqrt(x[positive])
    chosen[~positive] = 0.0
    return halves, steps, grid, chosen


if __name__ == "__main__":
    filled(np.array([1.0, -2.0, 4.0, 0.25]), np.array([3, 1, 2]))
    filled(np.array([-1.0, 9.0, 0.0]), np.array([5, 7]))
