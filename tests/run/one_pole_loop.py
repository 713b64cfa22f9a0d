# A one-pole low-pass in a scalar loop.
# family: biquad
# entry: leaky
# compare: derived
import numpy as np

def leaky(x, alpha):
    y = np.zeros_like(x)
    state = 0.0
    for i in range(x.shape[0]):
        state = state + alpha * (x[i] - state)
        y[i] = state
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(21)
    leaky(rng.standard_normal(100), 0.1)
