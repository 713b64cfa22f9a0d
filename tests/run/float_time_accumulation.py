# A while loop on an accumulated float whose count depends on rounding.
# family: control-flow
# entry: sample_times
# compare: derived
import numpy as np

def sample_times(step, stop):
    t = 0.0
    n = 0
    last = t
    while t < stop:
        last = t
        t += step
        n += 1
    return n, last, t

if __name__ == "__main__":
    sample_times(0.1, 1.0)
    sample_times(0.25, 1.0)
    sample_times(0.3, 3.0)
