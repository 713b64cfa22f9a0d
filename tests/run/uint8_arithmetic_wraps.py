# Bytes wrap in uint8 arithmetic until they are widened.
# family: promotion
# entry: mix_bytes
# compare: exact
import numpy as np

def mix_bytes(a, b):
    s = a + b
    d = a - b
    w = a.astype(np.int16) - b
    m = a * 3
    return s, d, w, m

if __name__ == "__main__":
    mix_bytes(np.array([200, 5, 255], dtype=np.uint8), np.array([100, 10, 1], dtype=np.uint8))
