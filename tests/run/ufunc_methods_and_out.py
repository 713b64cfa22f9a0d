# reduce, accumulate and outer of ufuncs; results stored with out=.
# family: functions
# entry: methods
# compare: derived
import numpy as np

def methods(x, m):
    out = np.empty_like(x)
    np.clip(x, -1.0, 1.5, out=out)
    np.sin(out, out=(out,))
    running = np.empty_like(x)
    np.cumsum(x, out=running)
    rows = np.zeros(len(x))
    np.sum(m, axis=0, out=rows)
    largest = np.maximum.reduce(m)
    return (out, running, rows, largest, np.add.reduce(m), np.add.reduce(m, axis=None), np.multiply.reduce(x),
            np.minimum.reduce(m, axis=1), np.logical_and.reduce(m > -9.0), np.logical_or.reduce(m > 2.0, axis=1),
            np.add.accumulate(x), np.multiply.accumulate(x), np.add.outer(x, x[:2]), np.subtract.outer(x[:3], x),
            np.multiply.outer(m, x[:2]))

if __name__ == "__main__":
    for n in (6, 9):
        x = np.cos(1.3 * np.arange(n)) * 2.0
        methods(x, np.stack([x, x[::-1], x * 0.5]))
