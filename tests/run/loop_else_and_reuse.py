# Loop else, the loop variable after the loop, and a chained comparison.
# family: control-flow
# entry: first_prime_factor
# compare: exact
import numpy as np

def first_prime_factor(n):
    for p in range(2, 40):
        if 1 < p < n and n % p == 0:
            break
    else:
        return n, -1
    return p, n // p

if __name__ == "__main__":
    first_prime_factor(91)
    first_prime_factor(37)
    first_prime_factor(64)
