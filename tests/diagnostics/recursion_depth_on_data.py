# expect: refused
# about: recursion whose depth depends on data
# line: 10
# entry: collatz
import numpy as np

def collatz(n):
    if n == 1:
        return 0
    return 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)

if __name__ == "__main__":
    collatz(27)
    collatz(6)
