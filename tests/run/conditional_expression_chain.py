# Chained conditional expressions and boolean operators that return operands.
# family: control-flow
# entry: quantise
# compare: exact
import numpy as np

def quantise(x, default):
    out = np.zeros(len(x), dtype=np.int64)
    for i, v in enumerate(x):
        out[i] = -2 if v < -1 else (-1 if v < 0 else (1 if v < 1 else 2))
    level = default or 8
    flag = len(x) > 3 and x[3] > 0
    return out, level, bool(flag)

if __name__ == "__main__":
    quantise(np.array([-3.0, -0.5, 0.5, 2.0, -1.0, 0.0, 1.0]), 0)
    quantise(np.array([0.1, 0.2]), 5)
