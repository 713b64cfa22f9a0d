# A mutable default list is shared between calls.
# family: functions
# entry: remember
# compare: exact
import numpy as np

def remember(x, seen=[]):
    if len(seen) == 4:
        seen.pop(0)
    seen.append(int(x))
    return len(seen), sum(seen)

if __name__ == "__main__":
    for v in range(6):
        remember(v * v)
