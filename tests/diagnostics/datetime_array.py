# expect: refused
# about: dates as data
# line: 7
# entry: gaps
import numpy as np

def gaps(t):
    return np.diff(t)

if __name__ == "__main__":
    gaps(np.array(["2024-01-01", "2024-01-03"], dtype="datetime64[D]"))
