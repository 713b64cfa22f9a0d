# List append, extend, pop, insert, and indexing from the end.
# family: lists
# entry: queue
# compare: exact
import numpy as np

def queue(x):
    q = [0, 0]
    out = []
    for v in x:
        q.append(int(v))
        if len(q) > 4:
            out.append(q.pop(0))
        if v % 3 == 0:
            q.extend([q[-1] + 1])
    q.insert(1, -5)
    last = q.pop()
    return np.array(out), q, last

if __name__ == "__main__":
    queue(np.array([1, 2, 3, 4, 6, 7, 9]))
