# FM discriminator from conjugate products.
# family: analog-modulation
# entry: fm_demod
# compare: derived
import numpy as np

def fm_demod(x, deviation=0.1):
    d = np.angle(x[1:] * np.conj(x[:-1]))
    return d / (2 * np.pi * deviation)

if __name__ == "__main__":
    n = np.arange(200)
    audio = np.sin(2 * np.pi * 0.01 * n)
    fm_demod(np.exp(2j * np.pi * 0.1 * np.cumsum(audio)))
