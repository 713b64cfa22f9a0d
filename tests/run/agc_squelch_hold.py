# A gate with hysteresis and hang time counted in samples.
# family: agc
# entry: squelch
# compare: derived
import numpy as np

def squelch(x, open_level, close_level, hang):
    y = np.zeros_like(x)
    is_open = False
    timer = 0
    for n in range(len(x)):
        level = abs(x[n])
        if not is_open and level > open_level:
            is_open = True
            timer = hang
        elif is_open:
            if level < close_level:
                timer -= 1
                if timer <= 0:
                    is_open = False
            else:
                timer = hang
        if is_open:
            y[n] = x[n]
    return y

if __name__ == "__main__":
    n = np.arange(120)
    squelch(np.sin(0.3 * n) * (n > 20) * (n < 70), 0.5, 0.2, 5)
