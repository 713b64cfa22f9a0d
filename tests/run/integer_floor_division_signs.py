# Floor division and modulo with every combination of signs.
# family: integers
# entry: floor_parts
# compare: exact
import numpy as np

def floor_parts(a, b):
    q = a // b
    r = a % b
    s = int(a[0]) // int(b[0])
    t = int(a[0]) % int(b[0])
    return q, r, s, t, divmod(int(a[1]), int(b[1]))

if __name__ == "__main__":
    floor_parts(np.array([7, -7, 7, -7, 0]), np.array([2, 2, -2, -2, 5]))
    floor_parts(np.array([-9, 9, -9, 1, -1]), np.array([4, -4, -4, 8, 8]))
