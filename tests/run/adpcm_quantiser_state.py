# An ADPCM encoder with clamped integer state and table lookup.
# family: integers
# entry: adpcm
# compare: exact
import numpy as np

STEPS = [7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31]
ADJUST = [-1, -1, -1, -1, 2, 4, 6, 8]

def adpcm(x):
    pred, index = 0, 0
    codes = np.zeros(len(x), dtype=np.uint8)
    for n in range(len(x)):
        step = STEPS[index]
        diff = int(x[n]) - pred
        sign = 8 if diff < 0 else 0
        code = min(7, abs(diff) * 4 // step)
        delta = (step * code) // 4 + step // 8
        pred += -delta if sign else delta
        pred = max(-32768, min(32767, pred))
        index = max(0, min(len(STEPS) - 1, index + ADJUST[code]))
        codes[n] = sign | code
    return codes

if __name__ == "__main__":
    adpcm(np.round(60 * np.sin(0.3 * np.arange(50))).astype(np.int16))
