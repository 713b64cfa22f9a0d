# State passed in and out as a tuple with keyword-only options.
# family: functions
# entry: one_step
# compare: derived
import numpy as np

def one_step(x, state, *, gain=0.1, limit=2.0):
    level, peak = state
    level += gain * (abs(x) - level)
    peak = max(peak * 0.99, abs(x))
    y = x / max(level, 1e-6)
    return min(max(y, -limit), limit), (level, peak)

if __name__ == "__main__":
    st = (1.0, 0.0)
    for v in (0.5, -3.0, 2.0, 0.0):
        _, st = one_step(v, st, gain=0.2)
