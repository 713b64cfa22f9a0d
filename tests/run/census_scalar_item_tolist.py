# item, tolist, nonzero and an int used as an index afterwards.
# family: functions
# entry: readout
# compare: exact
import numpy as np

def readout(x):
    k = np.nonzero(x)[0][0].item()
    first = x.tolist()[k]
    half = int(len(x) / 2)
    return k, first, x[half], float(x[k]), str(x.dtype) == "int64"

if __name__ == "__main__":
    readout(np.array([0, 0, 7, 8, 0]))
    readout(np.array([1, 0, 7, 8, 9]))
