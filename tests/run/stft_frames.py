# A short-time Fourier transform framed by list comprehension.
# family: fft-windows
# entry: stft
# compare: derived
import numpy as np
from scipy import signal

def stft(x, size=32, hop=16):
    win = signal.get_window("hann", size)
    frames = [x[i:i + size] * win for i in range(0, len(x) - size + 1, hop)]
    return np.abs(np.fft.rfft(np.array(frames), axis=1)).T

if __name__ == "__main__":
    rng = np.random.default_rng(57)
    stft(rng.standard_normal(160))
