# A second-order Costas loop for BPSK.
# family: costas-pll
# entry: costas
# compare: derived
import numpy as np

def costas(x, alpha=0.132, beta=0.00932):
    phase = 0.0
    freq = 0.0
    out = np.zeros(len(x), dtype=np.complex128)
    for i in range(len(x)):
        out[i] = x[i] * np.exp(-1j * phase)
        error = np.real(out[i]) * np.imag(out[i])
        freq += beta * error
        phase += freq + alpha * error
        while phase >= 2 * np.pi:
            phase -= 2 * np.pi
        while phase < 0:
            phase += 2 * np.pi
    return out

if __name__ == "__main__":
    rng = np.random.default_rng(111)
    s = rng.choice([-1.0, 1.0], 200)
    costas(s * np.exp(1j * (0.02 * np.arange(200) + 0.7)))
