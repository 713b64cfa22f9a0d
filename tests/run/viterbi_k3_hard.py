# A hard-decision Viterbi decoder that copies path arrays.
# family: convolutional-viterbi
# entry: viterbi
# compare: exact
import numpy as np

def viterbi(coded):
    n = len(coded) // 2
    metric = np.array([0, 1000, 1000, 1000])
    paths = np.zeros((4, n), dtype=int)
    for t in range(n):
        new_metric = np.full(4, 10000)
        new_paths = np.zeros_like(paths)
        for state in range(4):
            for bit in range(2):
                reg = (bit << 2) | state
                o0 = (reg & 1) ^ (reg >> 1 & 1) ^ (reg >> 2)
                o1 = (reg & 1) ^ (reg >> 2)
                m = metric[state] + (o0 != coded[2 * t]) + (o1 != coded[2 * t + 1])
                nxt = reg >> 1
                if m < new_metric[nxt]:
                    new_metric[nxt] = m
                    new_paths[nxt] = paths[state]
                    new_paths[nxt, t] = bit
        metric, paths = new_metric, new_paths
    return paths[np.argmin(metric)]

if __name__ == "__main__":
    rng = np.random.default_rng(146)
    viterbi(rng.integers(0, 2, 40))
