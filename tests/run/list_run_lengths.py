# Run-length encoding with bounded, data-dependent length.
# family: lists
# entry: run_lengths
# compare: exact
import numpy as np

def run_lengths(bits):
    values, lengths = [], []
    i = 0
    while i < len(bits):
        j = i
        while j < len(bits) and bits[j] == bits[i]:
            j += 1
        values.append(bits[i])
        lengths.append(j - i)
        i = j
    return np.array(values), np.array(lengths)

if __name__ == "__main__":
    run_lengths(np.array([1, 1, 0, 0, 0, 1, 0, 0]))
    run_lengths(np.array([0, 0, 0, 0, 1, 1, 1, 1]))
