# FM modulation by cumulative phase and demodulation by unwrap.
# family: analog-modulation
# entry: fm_link
# compare: derived
import numpy as np

def fm_link(audio, kf=0.05):
    phase = 2 * np.pi * kf * np.cumsum(audio)
    tx = np.exp(1j * phase)
    rx_phase = np.unwrap(np.angle(tx))
    return np.diff(rx_phase) / (2 * np.pi * kf)

if __name__ == "__main__":
    rng = np.random.default_rng(90)
    fm_link(rng.standard_normal(120))
