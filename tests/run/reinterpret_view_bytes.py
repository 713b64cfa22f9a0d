# Bytes reinterpreted by view as int16 and floats as complex.
# family: promotion
# entry: unpack
# compare: derived
import numpy as np

def unpack(raw, iq):
    words = raw.view(np.int16)
    z = iq.view(np.complex64)
    return words, words[::2].astype(np.float32) / 32768, z * 1j

if __name__ == "__main__":
    rng = np.random.default_rng(373)
    unpack(rng.integers(0, 256, 16).astype(np.uint8), rng.standard_normal(12).astype(np.float32))
