"""BPSK receiver: matched filter, Gardner timing recovery, Costas loop, differential decoding.

Sources: Gardner, "A BPSK/QPSK timing-error detector for sampled receivers", IEEE Trans. Commun. 34 (1986);
Costas, "Synchronous communications", Proc. IRE 44 (1956); loop gains as in Rice, "Digital Communications: A
Discrete-Time Approach", appendix C.
"""

import numpy as np

SAMPLES_PER_SYMBOL = 4


def rrc_taps(rolloff=0.35, span=8, sps=SAMPLES_PER_SYMBOL):
    """Root-raised-cosine pulse over `span` symbols on each side at `sps` samples per symbol, unit energy."""
    taps = np.zeros(2 * span * sps + 1)
    for k in range(len(taps)):
        t = (k - span * sps) / sps
        if t == 0.0:
            taps[k] = 1.0 + rolloff * (4 / np.pi - 1)
        elif abs(abs(4 * rolloff * t) - 1.0) < 1e-9:
            taps[k] = rolloff / np.sqrt(2) * (
                (1 + 2 / np.pi) * np.sin(np.pi / (4 * rolloff)) + (1 - 2 / np.pi) * np.cos(np.pi / (4 * rolloff))
            )
        else:
            numerator = np.sin(np.pi * t * (1 - rolloff)) + 4 * rolloff * t * np.cos(np.pi * t * (1 + rolloff))
            taps[k] = numerator / (np.pi * t * (1 - (4 * rolloff * t) ** 2))
    return taps / np.sqrt(np.sum(taps**2))


def loop_gains(bandwidth, detector_gain, damping=np.sqrt(0.5)):
    """Proportional and integral gain of a second-order loop; `bandwidth` is B*T, T the symbol time."""
    theta = bandwidth / (damping + 1 / (4 * damping))
    denominator = (1 + 2 * damping * theta + theta**2) * detector_gain
    return 4 * damping * theta / denominator, 4 * theta**2 / denominator


def interpolate(x, position):
    """Cubic Lagrange interpolation of `x` at a fractional sample index."""
    k = int(position)
    mu = position - k
    a = x[k - 1]
    b = x[k]
    c = x[k + 1]
    d = x[k + 2]
    c1 = c - a / 3 - b / 2 - d / 6
    c2 = (a + c) / 2 - b
    c3 = (d - a) / 6 + (b - c) / 2
    return ((c3 * mu + c2) * mu + c1) * mu + b


def recover_timing(x, bandwidth=0.01):
    """One sample per symbol of the matched-filter output `x`, at the widest opening of the eye."""
    # Mean error per sample of offset, for this roll-off and unit mean power.
    proportional, integral = loop_gains(bandwidth, detector_gain=0.27)
    max_symbols = len(x) // (SAMPLES_PER_SYMBOL - 1)
    symbols = np.zeros(max_symbols, dtype=complex)
    count = 0
    drift = 0.0
    position = SAMPLES_PER_SYMBOL + 1.0
    previous = 0.0 + 0.0j
    while position < len(x) - 2 and count < max_symbols:
        middle = interpolate(x, position - SAMPLES_PER_SYMBOL / 2)
        current = interpolate(x, position)
        # Positive when sampled too late; needs no carrier phase.
        error = ((current - previous) * np.conj(middle)).real
        drift = min(max(drift - integral * error, -0.05), 0.05)
        position += SAMPLES_PER_SYMBOL + drift - min(max(proportional * error, -0.5), 0.5)
        symbols[count] = current
        count += 1
        previous = current
    return symbols[:count]


def demodulate(samples, bandwidth=0.02):
    """Bits of a differentially encoded BPSK signal with 4 samples per symbol.

    samples: complex128[n], any amplitude; the carrier may be off by about 1 % of the symbol rate, the clock by 1 %.
    Returns the bits as uint8, one per symbol after the first (a phase change is a 1), and the carrier frequency
    found, in cycles per symbol. The first bits come while the loops settle.
    """
    matched = np.convolve(samples, rrc_taps(), mode="same")
    matched = matched / np.sqrt(np.mean(np.abs(matched) ** 2))
    symbols = recover_timing(matched)

    proportional, integral = loop_gains(bandwidth, detector_gain=1.0)
    phase = 0.0
    frequency = 0.0  # rad per symbol
    last_decision = 0
    bits = []
    for k in range(len(symbols)):
        rotated = symbols[k] * np.exp(-1j * phase)
        decision = 1 if rotated.real > 0 else 0
        if k > 0:
            bits.append(decision ^ last_decision)
        last_decision = decision
        error = rotated.imag if decision == 1 else -rotated.imag
        frequency += integral * error
        phase += frequency + proportional * error
        if phase > np.pi:
            phase -= 2 * np.pi
        elif phase < -np.pi:
            phase += 2 * np.pi
    return np.array(bits, dtype=np.uint8), frequency / (2 * np.pi)
