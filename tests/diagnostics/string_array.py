# expect: refused
# about: an array of strings as an argument
# line: 7
# entry: longest
import numpy as np

def longest(names):
    return max(len(str(n)) for n in names)

if __name__ == "__main__":
    longest(np.array(["ab", "cde"]))
