# Negation and abs of the most negative value, negation of unsigned.
# family: promotion
# entry: edges
# compare: exact
import numpy as np

def edges(a, u):
    return -a, np.abs(a), -u, a - np.int8(1), u // np.uint8(3), a.astype(np.uint8), u.astype(np.int8)

if __name__ == "__main__":
    edges(np.array([-128, -1, 127], dtype=np.int8), np.array([0, 1, 255], dtype=np.uint8))
