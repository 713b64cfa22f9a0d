# math functions raise where NumPy gives nan or inf.
# family: errors
# entry: level_db
# compare: derived
import math
import numpy as np

def level_db(p):
    return 10 * math.log10(p), math.sqrt(p), math.exp(p)

if __name__ == "__main__":
    level_db(2.0)
    for bad in (0.0, -1.0, 1000.0):
        try:
            level_db(bad)
        except (ValueError, OverflowError):
            pass
