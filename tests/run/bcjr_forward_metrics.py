# Forward state metrics of a two-state trellis with normalisation.
# family: convolutional-viterbi
# entry: forward
# compare: derived
import numpy as np

def forward(gamma):
    n = gamma.shape[0]
    alpha = np.zeros((n + 1, 2))
    alpha[0] = [1.0, 0.0]
    for t in range(n):
        alpha[t + 1] = alpha[t] @ gamma[t]
        alpha[t + 1] /= np.sum(alpha[t + 1])
    return alpha

if __name__ == "__main__":
    rng = np.random.default_rng(149)
    forward(rng.uniform(0.1, 1.0, (20, 2, 2)))
