# Mueller-Muller symbol timing recovery on interpolated samples.
# family: timing-recovery
# entry: mueller_muller
# compare: derived
import numpy as np

def mueller_muller(x, sps):
    mu = 0.0
    out = np.zeros(len(x) // sps + 10, dtype=complex)
    rail = np.zeros(len(x) // sps + 10, dtype=complex)
    i_in, i_out = 0, 2
    while i_out < len(out) and i_in + 1 < len(x):
        out[i_out] = x[i_in] * (1 - mu) + x[i_in + 1] * mu
        rail[i_out] = int(np.real(out[i_out]) > 0) + 1j * int(np.imag(out[i_out]) > 0)
        a = (rail[i_out] - rail[i_out - 2]) * np.conj(out[i_out - 1])
        b = (out[i_out] - out[i_out - 2]) * np.conj(rail[i_out - 1])
        mu += sps + 0.3 * np.real(b - a)
        i_in += int(np.floor(mu))
        mu = mu - np.floor(mu)
        i_out += 1
    return out[2:i_out]

if __name__ == "__main__":
    rng = np.random.default_rng(106)
    sym = rng.choice([-1.0, 1.0], 40)
    up = np.zeros(160)
    up[::4] = sym
    mueller_muller(np.convolve(up, np.hanning(9), "same") + 0j, 4)
