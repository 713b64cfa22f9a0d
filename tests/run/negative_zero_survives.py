# Signed zeros through products, abs, minimum, sign, copysign and atan2.
# family: math
# entry: zeros
# compare: exact
import numpy as np

def zeros(x):
    y = x * 0.0
    return y, np.signbit(y), np.abs(y), -x, np.sign(y), np.copysign(1.0, y), np.round(x * 0.1), x + 0.0

if __name__ == "__main__":
    zeros(np.array([-1.0, 0.0, 2.0, -0.0, -4.0]))
