# Sign-sign LMS on integers with a leak by shift.
# family: adaptive
# entry: sign_lms
# compare: exact
import numpy as np

def sign_lms(x, d):
    w = [0, 0, 0, 0]
    errs = []
    for n in range(3, len(x)):
        acc = 0
        for k in range(4):
            acc += w[k] * int(x[n - k])
        e = int(d[n]) - (acc >> 10)
        s = (e > 0) - (e < 0)
        for k in range(4):
            xs = (x[n - k] > 0) * 1 - (x[n - k] < 0) * 1
            w[k] += 4 * s * int(xs)
        errs.append(e)
    return np.array(errs), w

if __name__ == "__main__":
    rng = np.random.default_rng(144)
    x = rng.integers(-500, 500, 80)
    sign_lms(x, (x * 3) // 4)
