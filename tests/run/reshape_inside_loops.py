# Views and copies made by reshapes, written into while a loop goes on.
# family: aliasing
# entry: windows
# compare: derived
import numpy as np

def windows(x, m):
    a = np.zeros((4, 3))
    columns = a.T
    c = columns.reshape(-1)
    for i in range(len(x)):
        c[i % 12] = x[i]
        columns[i % 3, 0] += 1
        row = a[i % 4].reshape(3, 1)
        row[0, 0] = 7
    total = m.copy()
    for i in range(3):
        v = total.reshape(-1)
        v[i] = 100
    return a, columns, c, total

if __name__ == "__main__":
    windows(np.arange(6.0), np.arange(6.0).reshape(2, 3))
    windows(np.arange(8.0), np.arange(8.0).reshape(2, 4))
