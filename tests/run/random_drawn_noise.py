# An entry that draws from a seeded generator it is given a seed for.
# family: functions
# entry: add_noise
# compare: derived
import numpy as np

def add_noise(x, sigma):
    rng = np.random.default_rng(5)
    return x + sigma * rng.standard_normal(len(x))

if __name__ == "__main__":
    add_noise(np.zeros(16), 0.5)
