# expect: refused
# about: a generator seeded by the operating system
# line: 8
# entry: jitter
import numpy as np

def jitter(x):
    rng = np.random.default_rng()
    return x + rng.standard_normal(len(x))

if __name__ == "__main__":
    jitter(np.zeros(4))
