# expect: refused
# about: plotting in the entry
# line: 10
# entry: show_spectrum
import matplotlib.pyplot as plt
import numpy as np

def show_spectrum(x):
    X = np.abs(np.fft.rfft(x))
    plt.plot(X)
    plt.show()
    return X

if __name__ == "__main__":
    show_spectrum(np.arange(16.0))
