# A critically sampled polyphase channelizer with an FFT.
# family: channelizer
# entry: channelize
# compare: derived
import numpy as np
from scipy import signal

def channelize(x, m=8):
    h = signal.firwin(8 * m, 1.0 / m).reshape(-1, m)
    frames = x.reshape(-1, m)
    n_out = frames.shape[0] - h.shape[0] + 1
    out = np.zeros((n_out, m), dtype=complex)
    for t in range(n_out):
        acc = np.sum(frames[t:t + h.shape[0]] * h[::-1], axis=0)
        out[t] = np.fft.fft(acc)
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(165)
    channelize(rng.standard_normal(160) + 1j * rng.standard_normal(160))
