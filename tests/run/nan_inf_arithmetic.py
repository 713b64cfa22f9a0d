# Infinity and NaN arithmetic with warnings silenced.
# family: nan-rules
# entry: special
# compare: derived
import numpy as np

def special(a, b):
    with np.errstate(all="ignore"):
        return a + b, a - b, a * b, a / b, np.sqrt(a), np.power(a, 0)

if __name__ == "__main__":
    special(np.array([np.inf, np.inf, 0.0, 1.0, -1.0]), np.array([np.inf, -np.inf, 0.0, 0.0, np.nan]))
