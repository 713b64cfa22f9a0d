# Frequency response of a designed filter applied as a gain in the frequency domain.
# family: biquad
# entry: response
# compare: derived
import numpy as np
from scipy import signal

def response(x):
    b, a = signal.iirdesign(0.2, 0.3, 1.0, 30.0)
    w, h = signal.freqz(b, a, worN=len(x) // 2 + 1, whole=False)
    return np.fft.irfft(np.fft.rfft(x) * np.abs(h), n=len(x))

if __name__ == "__main__":
    rng = np.random.default_rng(350)
    response(rng.standard_normal(64))
