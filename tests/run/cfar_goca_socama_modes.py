# Greatest-of, smallest-of and averaging CFAR by a mode string.
# family: cfar
# entry: cfar_threshold
# compare: derived
import numpy as np

def cfar_threshold(x, n=4, mode="CA"):
    th = np.zeros_like(x)
    for i in range(n + 1, len(x) - n - 1):
        left = np.mean(x[i - n - 1:i - 1])
        right = np.mean(x[i + 2:i + n + 2])
        if mode == "GO":
            th[i] = max(left, right)
        elif mode == "SO":
            th[i] = min(left, right)
        else:
            th[i] = 0.5 * (left + right)
    return th

if __name__ == "__main__":
    rng = np.random.default_rng(178)
    x = rng.exponential(1.0, 40)
    cfar_threshold(x)
    cfar_threshold(x, mode="GO")
    cfar_threshold(x, 3, mode="SO")
