# A bank of Goertzel detectors that names the two strongest tones.
# family: channelizer
# entry: dtmf
# compare: exact
import numpy as np

def dtmf(x, fs=8000.0):
    freqs = [697, 770, 852, 941, 1209, 1336, 1477, 1633]
    power = np.zeros(8)
    for i, f in enumerate(freqs):
        w = 2 * np.pi * f / fs
        c = 2 * np.cos(w)
        s1, s2 = 0.0, 0.0
        for v in x:
            s1, s2 = v + c * s1 - s2, s1
        power[i] = s1 ** 2 + s2 ** 2 - c * s1 * s2
    row = int(np.argmax(power[:4]))
    col = int(np.argmax(power[4:]))
    return row * 4 + col

if __name__ == "__main__":
    n = np.arange(205)
    dtmf(np.sin(2 * np.pi * 770 / 8000 * n) + np.sin(2 * np.pi * 1477 / 8000 * n))
    dtmf(np.sin(2 * np.pi * 941 / 8000 * n) + np.sin(2 * np.pi * 1209 / 8000 * n))
