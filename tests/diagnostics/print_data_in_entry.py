# expect: reported
# about: output of run-time data by print
# line: 9
# entry: report
import numpy as np

def report(x):
    p = np.mean(x ** 2)
    print("power", p)
    return p

if __name__ == "__main__":
    report(np.arange(5.0))
