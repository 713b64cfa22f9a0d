# Mixing a complex64 block without widening it.
# family: nco-mixer
# entry: mix32
# compare: derived
import numpy as np

def mix32(x, f):
    n = np.arange(x.size, dtype=np.float32)
    lo = np.exp(1j * np.float32(2 * np.pi * f) * n).astype(np.complex64)
    return x * lo

if __name__ == "__main__":
    rng = np.random.default_rng(65)
    mix32((rng.standard_normal(48) + 1j * rng.standard_normal(48)).astype(np.complex64), 0.01)
