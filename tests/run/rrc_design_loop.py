# Root-raised-cosine taps with both singular points handled.
# family: rrc
# entry: rrc_taps
# compare: derived
import numpy as np

def rrc_taps(span, sps, beta):
    n = span * sps + 1
    h = np.zeros(n)
    for i in range(n):
        t = (i - n // 2) / sps
        if t == 0.0:
            h[i] = 1.0 - beta + 4 * beta / np.pi
        elif abs(abs(t) - 1 / (4 * beta)) < 1e-9:
            a = (1 + 2 / np.pi) * np.sin(np.pi / (4 * beta))
            b = (1 - 2 / np.pi) * np.cos(np.pi / (4 * beta))
            h[i] = beta / np.sqrt(2) * (a + b)
        else:
            num = np.sin(np.pi * t * (1 - beta)) + 4 * beta * t * np.cos(np.pi * t * (1 + beta))
            h[i] = num / (np.pi * t * (1 - (4 * beta * t) ** 2))
    return h / np.sqrt(np.sum(h ** 2))

if __name__ == "__main__":
    rrc_taps(6, 4, 0.25)
    rrc_taps(4, 8, 0.35)
