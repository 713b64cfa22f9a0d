# A whole BPSK script whose result variables are named.
# family: frame-sync
# entry: script:detected,errors
# compare: exact
import numpy as np

n_bits = 64
state = 0x5A
bits = np.zeros(n_bits, dtype=np.int64)
for i in range(n_bits):
    fb = ((state >> 6) ^ (state >> 5)) & 1
    state = ((state << 1) | fb) & 0x7F
    bits[i] = fb
symbols = 1 - 2 * bits
received = symbols + 0.4 * np.cos(1.7 * np.arange(n_bits))
detected = (received < 0).astype(np.int64)
errors = int(np.sum(detected != bits))
