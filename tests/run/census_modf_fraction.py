# modf into fraction and integer, with divmod of floats.
# family: math
# entry: split_parts
# compare: derived
import numpy as np

def split_parts(x):
    frac, whole = np.modf(x)
    q, r = np.divmod(x, 0.75)
    return frac, whole.astype(int), q, r

if __name__ == "__main__":
    split_parts(np.array([1.25, -2.5, 0.0, 7.75]))
