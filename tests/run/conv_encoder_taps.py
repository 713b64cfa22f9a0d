# A rate-1/2 convolutional encoder with parity by bit tricks.
# family: convolutional-viterbi
# entry: encode
# compare: exact
import numpy as np

def parity(v):
    v ^= v >> 4
    v ^= v >> 2
    v ^= v >> 1
    return v & 1

def encode(bits):
    state = 0
    out = np.zeros(2 * len(bits), dtype=np.uint8)
    for i, b in enumerate(bits):
        state = ((state << 1) | int(b)) & 0x7F
        out[2 * i] = parity(state & 0o171)
        out[2 * i + 1] = parity(state & 0o133)
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(145)
    encode(rng.integers(0, 2, 40))
    encode(np.array([1, 0, 0, 0, 0, 0, 0]))
