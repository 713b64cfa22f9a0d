# Python complex scalars with cmath, abs, conjugate and parts.
# family: math
# entry: rotate_scale
# compare: derived
import cmath
import numpy as np

def rotate_scale(z, theta):
    w = z * cmath.exp(1j * theta)
    r, ph = cmath.polar(w)
    return w, r, ph, abs(z), z.conjugate().imag, cmath.sqrt(z), z ** 2

if __name__ == "__main__":
    rotate_scale(3 - 4j, 0.5)
    rotate_scale(-1 + 0j, 2.0)
