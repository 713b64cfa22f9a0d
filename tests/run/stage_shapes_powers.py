# A transform in stages whose views have the powers of the radix as extents: sizes follow the loop variable.
# family: fft-windows
# entry: hadamard
# compare: derived
import numpy as np


def hadamard(x, radix, stages):
    y = x.copy()
    n = radix**stages
    block = np.array([[1.0, 1.0], [1.0, -1.0]])
    for s in range(stages):
        v = np.reshape(y, (radix**s, radix, radix ** (stages - s - 1)))
        lanes = np.transpose(v, axes=(1, 0, 2))
        y[:] = np.reshape(np.transpose(np.reshape(block @ np.reshape(lanes, (radix, n // radix)), lanes.shape), (1, 0, 2)), (n,))
    return y




if __name__ == "__main__":
    rng = np.random.default_rng(5)
    hadamard(rng.standard_normal(32), 2, 5)
