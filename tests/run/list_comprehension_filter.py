# Comprehensions with conditions, nested ones and a conditional element.
# family: lists
# entry: select
# compare: exact
import numpy as np

def select(x):
    big = [v for v in x if v > 2]
    pairs = [i * 10 + j for i in range(3) for j in range(i)]
    signs = [1 if v % 2 else -1 for v in x]
    grid = [[i * j for j in range(3)] for i in range(2)]
    return np.array(big), np.array(pairs), signs, np.array(grid)

if __name__ == "__main__":
    select(np.array([1, 2, 3, 4, 5]))
    select(np.array([9, 9, 0, 1, 7]))
