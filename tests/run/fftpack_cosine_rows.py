# Transforms of SciPy's older module scipy.fftpack, which many cepstrum programs still import.
# family: fft-windows
# entry: cepstra
# compare: derived
import numpy as np
from scipy.fftpack import dct, fft, idct, ifft


def cepstra(frames, keep):
    power = np.abs(fft(frames, 32, 1)) ** 2 + 1.0
    c = dct(np.log(power[:, :17]), type=2, axis=1, norm="ortho")[:, :keep]
    return c, idct(c), np.real(ifft(np.exp(power[0] / 400.0)))


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    cepstra(rng.standard_normal((5, 30)), 9)
