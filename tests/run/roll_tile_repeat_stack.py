# Roll, tile, repeat, flip and the stack family.
# family: indexing
# entry: arrange
# compare: exact
import numpy as np

def arrange(x, k):
    return (np.roll(x, k), np.tile(x, 2), np.repeat(x, 3), np.flip(x), np.stack((x, -x)),
            np.vstack([x, x]), np.hstack([x, [0]]), np.column_stack((x, x * 2)))

if __name__ == "__main__":
    arrange(np.arange(5), 2)
    arrange(np.arange(5), -7)
