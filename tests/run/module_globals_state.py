# A bounded module-level counter changed through global.
# family: functions
# entry: tick
# compare: exact
import numpy as np

counter = 0
PERIOD = 7

def tick(step):
    global counter
    counter = (counter + step) % PERIOD
    return counter

if __name__ == "__main__":
    for s in (3, 3, 3, 10):
        tick(s)
