# An m-sequence from a list used as a shift register.
# family: crc-scrambler
# entry: m_sequence
# compare: exact
import numpy as np

def m_sequence(taps, n):
    reg = [1] * n
    out = []
    for _ in range(2 ** n - 1):
        out.append(reg[-1])
        fb = 0
        for t in taps:
            fb ^= reg[t - 1]
        reg = [fb] + reg[:-1]
    return np.array(out)

if __name__ == "__main__":
    m_sequence((5, 3), 5)
    m_sequence((6, 5), 6)
