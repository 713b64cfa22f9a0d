# Input that is too short raises; a stream has no length before its end.
# family: streaming
# entry: lag_product
# compare: derived
import numpy as np

def lag_product(x):
    if len(x) < 10:
        raise ValueError("too short")
    return x[5:] * x[:-5]

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        lag_product(rng.standard_normal(n))
