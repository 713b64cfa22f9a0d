# A decision-feedback equaliser with two tap vectors.
# family: adaptive
# entry: dfe
# compare: derived
import numpy as np

def dfe(x, train, mu=0.05):
    ff = np.zeros(5)
    fb = np.zeros(2)
    past = np.zeros(2)
    out = np.zeros(len(x) - 4)
    for n in range(len(out)):
        u = x[n:n + 5]
        y = ff @ u - fb @ past
        if n < len(train):
            d = train[n]
        else:
            d = 1.0 if y >= 0 else -1.0
        e = d - y
        ff += mu * e * u
        fb -= mu * e * past
        past[1] = past[0]
        past[0] = d
        out[n] = y
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(143)
    s = rng.choice([-1.0, 1.0], 100)
    dfe(np.convolve(s, [1.0, 0.3])[:100], s[:40])
