# A median filter over sliding windows with mirrored edges.
# family: sorting
# entry: median_filter
# compare: derived
import numpy as np

def median_filter(x, half):
    p = np.pad(x, half, mode="reflect")
    y = np.empty_like(x)
    for i in range(len(x)):
        w = np.sort(p[i:i + 2 * half + 1])
        y[i] = w[half]
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(282)
    median_filter(rng.standard_normal(30), 2)
