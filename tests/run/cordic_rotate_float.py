# CORDIC rotation with a gain computed as a constant.
# family: cordic
# entry: cordic_rotate
# compare: derived
import numpy as np

def cordic_rotate(angle, n=16):
    atans = [np.arctan(2.0 ** -i) for i in range(n)]
    gain = 1.0
    for i in range(n):
        gain *= 1 / np.sqrt(1 + 2.0 ** (-2 * i))
    x, y, z = gain, 0.0, angle
    for i in range(n):
        d = 1.0 if z >= 0 else -1.0
        x, y, z = x - d * y * 2.0 ** -i, y + d * x * 2.0 ** -i, z - d * atans[i]
    return x, y

if __name__ == "__main__":
    for a in (0.0, 0.5, -1.1, 1.5):
        cordic_rotate(a)
