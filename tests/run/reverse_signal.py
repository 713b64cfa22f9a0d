# Time reversal by a negative step.
# family: indexing
# entry: reverse
# compare: exact
import numpy as np

def reverse(x):
    return x[::-1]

if __name__ == "__main__":
    rng = np.random.default_rng(25)
    reverse(rng.standard_normal(17))
