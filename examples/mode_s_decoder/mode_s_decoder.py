"""Mode S extended squitter decoder for 1090 MHz recordings at 2 Msample/s.

A Mode S reply is an 8 us preamble of four 0.5 us pulses (at 0, 1.0, 3.5 and 4.5 us) and then 56 or 112 bits
of pulse-position modulation, 1 us each: energy in the first half means 1, in the second half 0. At 2 Msample/s
each half bit is one sample. Downlink format 17 (ADS-B) has 112 bits, the last 24 of them a plain CRC.

Source: ICAO Annex 10 volume IV, 3.1.2; RTCA DO-260B.
"""

import numpy as np

PREAMBLE_SAMPLES = 16
FRAME_BITS = 112
FRAME_BYTES = FRAME_BITS // 8
FRAME_SAMPLES = PREAMBLE_SAMPLES + 2 * FRAME_BITS
DF_EXTENDED_SQUITTER = 17
CRC_POLYNOMIAL = 0xFFF409


def crc_table():
    """Remainders of all byte values, for the byte-wise CRC-24."""
    table = []
    for byte in range(256):
        remainder = byte << 16
        for _ in range(8):
            remainder <<= 1
            if remainder & 0x1000000:
                remainder ^= 0x1000000 | CRC_POLYNOMIAL
        table.append(remainder)
    return table


CRC_TABLE = crc_table()


def crc24(message):
    """CRC-24 of the bytes of `message`; over a whole frame with its parity field it is 0."""
    crc = 0
    for byte in message:
        crc = ((crc << 8) & 0xFFFFFF) ^ CRC_TABLE[(crc >> 16) ^ int(byte)]
    return crc


def magnitude_squared(iq):
    """Interleaved unsigned I/Q bytes (offset 127.5) to |z|**2, in quarter steps so that it stays integer."""
    i = 2 * iq[0::2].astype(np.int32) - 255
    q = 2 * iq[1::2].astype(np.int32) - 255
    return i * i + q * q


def find_preambles(m):
    """Start samples at which the four pulses stand above their neighbours and the quiet gap."""
    n = len(m) - FRAME_SAMPLES + 1
    p = [m[k:k + n] for k in range(PREAMBLE_SAMPLES)]
    shape = (
        (p[0] > p[1]) & (p[1] < p[2]) & (p[2] > p[3]) & (p[3] < p[0])
        & (p[4] < p[0]) & (p[5] < p[0]) & (p[6] < p[0])
        & (p[7] > p[8]) & (p[8] < p[9]) & (p[9] > p[6])
    )
    # Between and after the pulses there must be silence. A sixth of the pulse amplitudes' sum is two thirds of
    # their mean; the samples next to a pulse are left out, a pulse between two samples leaks into them.
    high = (np.sqrt(p[0]) + np.sqrt(p[2]) + np.sqrt(p[7]) + np.sqrt(p[9])) / 6
    limit = high * high
    quiet = (p[4] < limit) & (p[5] < limit)
    for k in range(11, 15):
        quiet &= p[k] < limit
    return np.flatnonzero(shape & quiet)


def slice_bits(m, start):
    """The 112 bits of the frame whose preamble starts at sample `start`."""
    first = m[start + PREAMBLE_SAMPLES:start + FRAME_SAMPLES:2]
    second = m[start + PREAMBLE_SAMPLES + 1:start + FRAME_SAMPLES:2]
    return (first > second).astype(np.uint8)


def decode(iq, max_frames=256):
    """Find the DF17 frames with a clean CRC.

    iq: uint8[2n], I and Q interleaved, offset 127.5, 2 Msample/s.
    Returns the number of frames, the frames as uint8[max_frames, 14] and the sample at which each preamble
    starts as int64[max_frames]; rows from `count` on are zero.
    """
    m = magnitude_squared(iq)
    frames = np.zeros((max_frames, FRAME_BYTES), dtype=np.uint8)
    offsets = np.zeros(max_frames, dtype=np.int64)
    count = 0
    if len(m) < FRAME_SAMPLES:
        return count, frames, offsets
    next_free = 0
    for start in find_preambles(m):
        if start < next_free:
            continue  # inside a frame that was decoded already
        frame = np.packbits(slice_bits(m, start))
        if frame[0] >> 3 != DF_EXTENDED_SQUITTER:
            continue
        if crc24(frame) != 0:
            continue
        frames[count] = frame
        offsets[count] = start
        count += 1
        next_free = start + FRAME_SAMPLES
        if count == max_frames:
            break
    return count, frames, offsets
