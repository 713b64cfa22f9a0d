# A tracking loop whose phase starts as the int 0 and is a float32 from the second round on.
# family: costas-pll
# entry: track
# compare: derived
import numpy as np


def track(samples, skip):
    used = samples[skip:]
    out = np.zeros(len(used), dtype=np.complex64)
    phase = 0
    freq = 0
    log = []
    for i in range(len(used)):
        out[i] = used[i] * np.exp(-1j * phase)
        error = np.real(out[i]) * np.imag(out[i])
        freq += 0.01 * error
        log.append(freq)
        phase += freq + 0.1 * error
        while phase >= 2 * np.pi:
            phase -= 2 * np.pi
        while phase < 0:
            phase += 2 * np.pi
    return out, np.array(log)


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    bits = rng.integers(0, 2, 40) * 2 - 1
    tone = (bits * np.exp(1j * (0.02 * np.arange(40) + 0.3))).astype(np.complex64)
    track(tone, 2)
    track(tone[:25], 0)
