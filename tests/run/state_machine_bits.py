# A UART receiver state machine with integer states and match on them.
# family: control-flow
# entry: uart
# compare: exact
import numpy as np

def uart(line, sps):
    state, timer, shift, count = 0, 0, 0, 0
    out = []
    for level in line:
        if state == 0:
            if level == 0:
                state, timer = 1, sps // 2
        else:
            timer -= 1
            if timer == 0:
                timer = sps
                if state == 1:
                    state, shift, count = (2, 0, 0) if level == 0 else (0, 0, 0)
                elif state == 2:
                    shift |= int(level) << count
                    count += 1
                    if count == 8:
                        state = 3
                else:
                    if level == 1:
                        out.append(shift)
                    state = 0
    return np.array(out, dtype=np.int64)

if __name__ == "__main__":
    def frame(b):
        return [0] + [(b >> k) & 1 for k in range(8)] + [1]
    bits = [1] * 3 + frame(0x55) + frame(0xA7) + [1, 1]
    uart(np.repeat(np.array(bits), 4), 4)
