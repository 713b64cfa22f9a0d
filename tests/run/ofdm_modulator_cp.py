# OFDM symbols with pilots and a cyclic prefix.
# family: ofdm
# entry: ofdm_mod
# compare: derived
import numpy as np

def ofdm_mod(data, nfft=64, cp=16):
    pilots = np.array([-21, -7, 7, 21])
    used = np.array([k for k in range(-26, 27) if k != 0 and k not in (-21, -7, 7, 21)])
    grid = np.zeros((data.shape[0], nfft), dtype=complex)
    grid[:, used] = data
    grid[:, pilots] = 1.0
    t = np.fft.ifft(grid, axis=1) * np.sqrt(nfft)
    return np.hstack((t[:, -cp:], t)).ravel()

if __name__ == "__main__":
    rng = np.random.default_rng(134)
    ofdm_mod(rng.choice([-1, 1], (3, 48)) + 1j * rng.choice([-1, 1], (3, 48)))
