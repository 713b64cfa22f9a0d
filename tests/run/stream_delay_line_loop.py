# A FIR over a delay line that a loop shifts by hand.
# family: streaming
# entry: fir
# compare: derived
import numpy as np

H = np.array([0.1, 0.25, 0.3, 0.25, 0.1])

def fir(x):
    y = np.zeros(len(x))
    line = np.zeros(5)
    for i in range(len(x)):
        line[1:] = line[:-1].copy()
        line[0] = x[i]
        y[i] = np.dot(H, line)
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        fir(rng.standard_normal(n))
