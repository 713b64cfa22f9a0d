# Restoring division of integers with a quotient built bit by bit.
# family: cordic
# entry: divide
# compare: exact
import numpy as np

def divide(num, den, bits=16):
    rem = 0
    quo = 0
    for k in range(bits - 1, -1, -1):
        rem = (rem << 1) | ((num >> k) & 1)
        quo <<= 1
        if rem >= den:
            rem -= den
            quo |= 1
    return quo, rem

if __name__ == "__main__":
    divide(50000, 7)
    divide(123, 200)
    divide(65535, 1)
