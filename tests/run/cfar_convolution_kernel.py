# CFAR as a convolution with a hollow kernel.
# family: cfar
# entry: cfar_conv
# compare: derived
import numpy as np

def cfar_conv(x, guard=1, train=5, pfa=1e-3):
    n = 2 * train
    kernel = np.ones(2 * (guard + train) + 1)
    kernel[train:-train] = 0
    alpha = n * (pfa ** (-1 / n) - 1)
    noise = np.convolve(x, kernel / n, mode="same")
    return np.where(x > alpha * noise, x, 0.0)

if __name__ == "__main__":
    rng = np.random.default_rng(179)
    x = rng.exponential(1.0, 64)
    x[[12, 40]] += 60
    cfar_conv(x)
