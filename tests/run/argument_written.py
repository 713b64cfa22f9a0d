# A result written into the argument in place.
# family: aliasing
# entry: remove_mean
# compare: derived
import numpy as np

def remove_mean(x):
    x -= np.mean(x)

if __name__ == "__main__":
    rng = np.random.default_rng(35)
    remove_mean(rng.standard_normal(40))
