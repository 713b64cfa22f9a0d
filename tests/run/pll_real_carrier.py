# A PLL with a multiplying phase detector and a PI filter.
# family: costas-pll
# entry: pll
# compare: derived
import numpy as np

def pll(x, f0, kp, ki):
    theta, integ = 0.0, 0.0
    errs = np.zeros(len(x))
    nco = np.zeros(len(x))
    for n in range(len(x)):
        nco[n] = np.cos(theta)
        e = -x[n] * np.sin(theta)
        integ += ki * e
        theta += 2 * np.pi * f0 + kp * e + integ
        errs[n] = e
    return nco, errs

if __name__ == "__main__":
    n = np.arange(300)
    pll(np.cos(2 * np.pi * 0.051 * n + 1.0), 0.05, 0.1, 0.005)
