# NaN passes through clip, sign, abs, round and floor.
# family: nan-rules
# entry: pass_through
# compare: exact
import numpy as np

def pass_through(x):
    return np.clip(x, -1, 1), np.sign(x), np.abs(x), np.round(x), np.floor(x), np.nan_to_num(x, nan=9.0)

if __name__ == "__main__":
    pass_through(np.array([np.nan, 2.0, -np.inf, -0.0, 0.5]))
