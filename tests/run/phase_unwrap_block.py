# Fourth-power phase unwrapped and fitted by least squares.
# family: costas-pll
# entry: carrier_offset
# compare: derived
import numpy as np

def carrier_offset(x):
    ph = np.unwrap(np.angle(x ** 4)) / 4
    n = np.arange(len(ph))
    slope, intercept = np.polyfit(n, ph, 1)
    return slope, intercept

if __name__ == "__main__":
    rng = np.random.default_rng(115)
    s = np.exp(1j * np.pi / 2 * rng.integers(0, 4, 50))
    carrier_offset(s * np.exp(1j * (0.02 * np.arange(50) + 0.1)))
