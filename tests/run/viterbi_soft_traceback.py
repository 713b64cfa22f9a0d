# A soft Viterbi decoder with survivor bits and traceback.
# family: convolutional-viterbi
# entry: decode
# compare: exact
import numpy as np

OUT = np.array([[[-1, -1], [1, 1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])

def decode(llr):
    n = len(llr) // 2
    pm = np.array([0.0, -1e9, -1e9, -1e9])
    choice = np.zeros((n, 4), dtype=np.int64)
    for t in range(n):
        nxt = np.full(4, -1e18)
        for s in range(4):
            for b in range(2):
                d = (s >> 1) | (b << 1)
                m = pm[s] + np.sum(OUT[s, b] * llr[2 * t:2 * t + 2])
                if m > nxt[d]:
                    nxt[d] = m
                    choice[t, d] = s
        pm = nxt
    bits = np.zeros(n, dtype=np.int64)
    s = int(np.argmax(pm))
    for t in range(n - 1, -1, -1):
        bits[t] = s >> 1
        s = choice[t, s]
    return bits

if __name__ == "__main__":
    rng = np.random.default_rng(147)
    decode(rng.integers(-8, 9, 60).astype(float))
