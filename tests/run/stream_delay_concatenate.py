# An echo from a delay line that is written as a concatenation.
# family: streaming
# entry: echo
# compare: derived
import numpy as np

def echo(x, gain):
    late = np.concatenate([np.zeros(3), x[:-3]])
    return x + gain * late

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        echo(rng.standard_normal(n), 0.5)
