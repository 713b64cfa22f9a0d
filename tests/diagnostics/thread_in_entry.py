# expect: refused
# about: a thread
# line: 10
# entry: parallel
import threading
import numpy as np

def parallel(x):
    out = np.zeros_like(x)
    t = threading.Thread(target=lambda: out.__setitem__(slice(None), 2 * x))
    t.start()
    t.join()
    return out

if __name__ == "__main__":
    parallel(np.arange(3.0))
