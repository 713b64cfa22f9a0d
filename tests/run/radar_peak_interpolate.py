# Parabolic refinement of the strongest range bin.
# family: radar
# entry: refine
# compare: derived
import numpy as np

def refine(mag):
    k = int(np.argmax(mag[1:-1])) + 1
    a, b, c = mag[k - 1], mag[k], mag[k + 1]
    p = 0.5 * (a - c) / (a - 2 * b + c)
    return k + p, b - 0.25 * (a - c) * p

if __name__ == "__main__":
    x = np.arange(30)
    refine(np.exp(-0.1 * (x - 12.3) ** 2))
    refine(np.abs(np.sinc(0.2 * (x - 20.7))))
