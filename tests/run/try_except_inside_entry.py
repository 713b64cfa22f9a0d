# An exception raised and caught inside the entry.
# family: errors
# entry: safe_log
# compare: derived
import math
import numpy as np

def safe_log(values):
    out = np.zeros(len(values))
    failures = 0
    for i in range(len(values)):
        try:
            out[i] = math.log(values[i])
        except ValueError:
            out[i] = -100.0
            failures += 1
    return out, failures

if __name__ == "__main__":
    safe_log(np.array([1.0, 0.0, 2.5, -3.0]))
