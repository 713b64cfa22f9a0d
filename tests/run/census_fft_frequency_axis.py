# fftfreq, rfftfreq and ifftshift used to find a frequency.
# family: fft-windows
# entry: dominant
# compare: derived
import numpy as np

def dominant(x, fs):
    f = np.fft.rfftfreq(len(x), 1 / fs)
    k = np.argmax(np.abs(np.fft.rfft(x))[1:]) + 1
    full = np.fft.fftshift(np.fft.fftfreq(len(x), d=1 / fs))
    return f[k], full[0], np.fft.ifftshift(full)

if __name__ == "__main__":
    n = np.arange(50)
    dominant(np.cos(2 * np.pi * 6 * n / 50), 100.0)
    dominant(np.cos(2 * np.pi * 9 * n[:45] / 45), 100.0)
