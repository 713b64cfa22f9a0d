# State kept in a dict of arrays with fixed string keys.
# family: classes
# entry: Bank
# compare: derived
import numpy as np

class Bank:
    def __init__(self):
        self.state = {"low": np.zeros(2), "high": np.zeros(2), "count": 0}

    def step(self, x):
        s = self.state
        s["low"][1] = s["low"][0]
        s["low"][0] += 0.2 * (x - s["low"][0])
        s["high"][0] = x - s["low"][0]
        s["high"][1] += s["high"][0]
        s["count"] += 1
        return s["low"].sum() + s["high"][1] / s["count"]

if __name__ == "__main__":
    b = Bank()
    for v in (1.0, -0.5, 0.25, 2.0, 0.0):
        b.step(v)
