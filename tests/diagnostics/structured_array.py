# expect: refused
# about: a structured element type
# line: 8
# entry: total
import numpy as np

def total(x):
    return np.sum(x["re"] * x["im"])

if __name__ == "__main__":
    total(np.zeros(4, dtype=[("re", "f8"), ("im", "f8")]))
