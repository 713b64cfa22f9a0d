# Nested functions that capture the enclosing arguments.
# family: functions
# entry: shaped
# compare: derived
import numpy as np

def shaped(x, knee, ratio):
    def compress(v):
        if abs(v) <= knee:
            return v
        return sign(v) * (knee + (abs(v) - knee) / ratio)

    def sign(v):
        return 1.0 if v >= 0 else -1.0

    y = np.empty(len(x))
    for i in range(len(x)):
        y[i] = compress(x[i])
    return y

if __name__ == "__main__":
    shaped(np.linspace(-2, 2, 21), 0.5, 4.0)
