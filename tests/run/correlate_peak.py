# Delay of a template by full correlation and argmax.
# family: correlation
# entry: find_delay
# compare: exact
import numpy as np

def find_delay(x, template):
    c = np.correlate(x, template, mode="valid")
    return np.argmax(np.abs(c))

if __name__ == "__main__":
    rng = np.random.default_rng(27)
    t = rng.standard_normal(16)
    x = 0.1 * rng.standard_normal(100)
    x[41:57] += t
    find_delay(x, t)
