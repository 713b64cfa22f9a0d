# Interleaved uint8 IQ turned into complex64 around zero.
# family: promotion
# entry: to_iq
# compare: derived
import numpy as np

def to_iq(raw):
    f = raw.astype(np.float32)
    f = (f - 127.5) / 127.5
    return f[0::2] + 1j * f[1::2]

if __name__ == "__main__":
    rng = np.random.default_rng(195)
    to_iq(rng.integers(0, 256, 64).astype(np.uint8))
