# Integer CORDIC vectoring with arithmetic shifts.
# family: cordic
# entry: cordic_mag
# compare: exact
import numpy as np

def cordic_mag(i, q):
    table = [int(round(np.arctan(2.0 ** -k) * 65536)) for k in range(14)]
    x, y, z = int(i), int(q), 0
    if x < 0:
        x, y = -x, -y
        z = 205887 if q >= 0 else -205887
    for k in range(14):
        if y >= 0:
            x, y, z = x + (y >> k), y - (x >> k), z + table[k]
        else:
            x, y, z = x - (y >> k), y + (x >> k), z - table[k]
    return x, z

if __name__ == "__main__":
    cordic_mag(10000, 5000)
    cordic_mag(-7000, 300)
    cordic_mag(-1200, -12000)
    cordic_mag(5, -3)
