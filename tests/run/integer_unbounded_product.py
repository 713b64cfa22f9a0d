# Python integers grow past 64 bits before a mask brings them back.
# family: integers
# entry: checksum
# compare: exact
import numpy as np

def checksum(data):
    h = 14695981039346656037
    for b in data:
        h = h ^ int(b)
        h = (h * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return h >> 32, h & 0xFFFFFFFF

if __name__ == "__main__":
    checksum(np.frombuffer(b"silicon", dtype=np.uint8))
