# Gallager bit flipping with a parity-check matrix.
# family: ldpc-polar
# entry: bit_flip
# compare: exact
import numpy as np

H = np.array([[1, 1, 0, 1, 1, 0, 0], [1, 0, 1, 1, 0, 1, 0], [0, 1, 1, 1, 0, 0, 1]])

def bit_flip(word, max_iter=10):
    word = word.copy()
    for it in range(max_iter):
        syndrome = (H @ word) % 2
        if not np.any(syndrome):
            return word, it
        votes = H.T @ syndrome - (1 - syndrome) @ H
        word[np.argmax(votes)] ^= 1
    return word, max_iter

if __name__ == "__main__":
    for k in range(3):
        w = np.zeros(7, dtype=int)
        w[2 * k] = 1
        bit_flip(w)
