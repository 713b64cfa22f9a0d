# Functions of Python's math module on Python floats.
# family: math
# entry: scalars
# compare: derived
import math
import numpy as np

def scalars(x, y):
    return (math.sqrt(x), math.hypot(x, y), math.atan2(y, x), math.floor(y), math.ceil(y), math.log(x, 2),
            math.copysign(1.0, y), math.exp(-x), math.degrees(y), math.gcd(12, 18), math.isclose(x, x + 1e-12))

if __name__ == "__main__":
    scalars(2.0, -3.5)
    scalars(0.1, 0.0)
