# A fixed-point FIR on int16 samples with a rounding shift.
# family: fir
# entry: fir_q15
# compare: exact
import numpy as np

def fir_q15(x, h):
    y = np.zeros(len(x), dtype=np.int16)
    line = np.zeros(len(h), dtype=np.int32)
    for n in range(len(x)):
        line[1:] = line[:-1]
        line[0] = x[n]
        acc = int(np.sum(line * h.astype(np.int32), dtype=np.int64))
        acc = (acc + (1 << 14)) >> 15
        y[n] = max(-32768, min(32767, acc))
    return y

if __name__ == "__main__":
    rng = np.random.default_rng(44)
    fir_q15(rng.integers(-20000, 20000, 60).astype(np.int16), np.array([3000, 9000, 16000, 9000, 3000], dtype=np.int16))
