# An entry that draws random bits from the legacy global generator.
# family: functions
# entry: random_bits
# compare: exact
import numpy as np

def random_bits(x):
    bits = np.random.randint(0, 2, len(x))
    return x ^ bits

if __name__ == "__main__":
    np.random.seed(3)
    random_bits(np.array([0, 1, 1, 0, 1, 0, 0, 1]))
