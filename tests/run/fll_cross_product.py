# A frequency-locked loop with a cross-product detector.
# family: costas-pll
# entry: fll
# compare: derived
import numpy as np

def fll(x, gain=0.1):
    w, ph = 0.0, 0.0
    prev = 0j
    track = []
    for s in x:
        y = s * np.exp(-1j * ph)
        cross = prev.real * y.imag - prev.imag * y.real
        w += gain * cross
        ph += w
        prev = y
        track.append(w)
    return np.array(track)

if __name__ == "__main__":
    fll(np.exp(0.15j * np.arange(120)))
