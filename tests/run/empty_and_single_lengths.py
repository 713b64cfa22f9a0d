# Lengths zero and one: sums of nothing and a maximum that raises.
# family: errors
# entry: energy_edges
# compare: derived
import numpy as np

def energy_edges(x):
    total = np.sum(x ** 2)
    d = np.diff(x)
    peak = np.max(np.abs(x))
    return total, d, peak

if __name__ == "__main__":
    energy_edges(np.array([3.0]))
    energy_edges(np.array([1.0, -2.0]))
    try:
        energy_edges(np.array([]))
    except ValueError:
        pass
