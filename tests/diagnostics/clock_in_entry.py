# expect: refused
# about: the time of day as data
# line: 9
# entry: stamped
import time
import numpy as np

def stamped(x):
    return x * 0 + time.time()

if __name__ == "__main__":
    stamped(np.arange(3.0))
