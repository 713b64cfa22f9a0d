# A quarter-rate shift done with a sign pattern instead of multiplies.
# family: ddc-duc
# entry: shift_fs4
# compare: exact
import numpy as np

def shift_fs4(x):
    i = x.copy()
    q = np.zeros_like(x)
    i[1::2] = 0
    i[2::4] *= -1
    q[1::4] = -x[1::4]
    q[3::4] = x[3::4]
    return i, q

if __name__ == "__main__":
    rng = np.random.default_rng(70)
    shift_fs4(rng.integers(-100, 100, 32))
    shift_fs4(rng.integers(-100, 100, 19))
