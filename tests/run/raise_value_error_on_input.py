# ValueError for some of the bench's inputs.
# family: errors
# entry: design
# compare: derived
import numpy as np

def design(cutoff, n):
    if not 0 < cutoff < 0.5:
        raise ValueError("cutoff must lie between 0 and 0.5")
    k = np.arange(n) - (n - 1) / 2
    return 2 * cutoff * np.sinc(2 * cutoff * k)

if __name__ == "__main__":
    design(0.2, 9)
    try:
        design(0.7, 9)
    except ValueError:
        pass
    design(0.49, 9)
