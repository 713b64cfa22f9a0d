"""Decodes the reference recording when it is there, and a synthetic signal with known frames otherwise; then frames at
the edge of what counts as one, and frames without a gap."""

import os
from pathlib import Path

import numpy as np

from mode_s_decoder import FRAME_BYTES, FRAME_SAMPLES, crc24, decode

RECORDING = "adsb-1090mhz-2msps-u8iq.bin"


def recording_path():
    folder = os.environ.get("PROOFMARK_DATA")
    if folder is None:
        folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(folder) / RECORDING


def make_frame(icao, payload):
    """DF17 frame: 5 bits format, 3 bits capability, 24 bits address, 56 bits payload, 24 bits parity."""
    head = bytes([17 << 3 | 5]) + icao.to_bytes(3, "big") + payload.to_bytes(7, "big")
    # The CRC register after the message and 24 zero bits is the parity field.
    return head + crc24(head).to_bytes(3, "big")


def modulate(frame):
    """Pulses of one frame, one value per half microsecond."""
    pulses = np.zeros(FRAME_SAMPLES)
    pulses[[0, 2, 7, 9]] = 1.0
    bits = np.unpackbits(np.frombuffer(frame, dtype=np.uint8))
    pulses[16::2] = bits
    pulses[17::2] = 1 - bits
    return pulses


def make_synthetic(seed=1090, n=20000, num_frames=12):
    """Noise, frames at random power and carrier phase, and one frame with a flipped bit that must not pass."""
    rng = np.random.default_rng(seed)
    z = 2.0 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    starts = 100 + np.arange(num_frames + 1) * 1500 + rng.integers(0, 1000, num_frames + 1)
    sent = []
    for k, start in enumerate(starts):
        frame = make_frame(0x4D2023 + k, int(rng.integers(0, 2**56)))
        if k == num_frames:
            frame = frame[:5] + bytes([frame[5] ^ 0x10]) + frame[6:]
        else:
            sent.append(frame)
        level = rng.uniform(40, 100) * np.exp(2j * np.pi * rng.uniform())
        z[start:start + FRAME_SAMPLES] += level * modulate(frame)
    iq = np.empty(2 * n, dtype=np.uint8)
    iq[0::2] = np.clip(np.round(z.real + 127.5), 0, 255)
    iq[1::2] = np.clip(np.round(z.imag + 127.5), 0, 255)
    return iq, sent, starts[:num_frames]


# Comparisons of the preamble's samples (a above b): a frame in which the two are equal is none.
EDGES = ((0, 1), (2, 1), (2, 3), (0, 3), (0, 4), (0, 5), (0, 6), (7, 8), (9, 8), (9, 6))
QUIET = (4, 5, 11, 12, 13, 14)


def quantised(levels):
    """Bytes whose |z|**2 in quarter steps is `levels`, each the sum of two odd squares."""
    odd = np.arange(1, 256, 2)
    sums = odd[:, np.newaxis] ** 2 + odd**2
    iq = np.empty((len(levels), 2), dtype=np.uint8)
    for level in np.unique(levels):
        iq[levels == level] = (odd[np.argwhere(sums == level)[0]] + 255) // 2
    return iq.ravel()


def make_edge_cases(n):
    """Noiseless frames, one after the other, of which each second one has a preamble that is no more than a tie.

    Silence follows, and one more frame that ends with the last of `n` samples. Returns the bytes and the samples at
    which the good ones start.
    """
    low, middle, high = 2, 1250, 11250  # amplitudes 1, 25 and 75, times the square root of 2
    parts, starts = [], []
    at = 0
    for above, below in [*EDGES, *((None, k) for k in QUIET)]:
        for tie in (False, True):
            m = np.where(modulate(make_frame(0xABC000 + len(parts), below)) > 0, high, low)
            # one pulse high and three in the middle put the limit of the silence in the middle, too
            m[[2, 7, 9] if above is None else above] = middle
            if tie:
                m[below] = middle
            else:
                starts.append(at)
            parts.append(m)
            at += FRAME_SAMPLES
    last = np.where(modulate(make_frame(0xABCDEF, 1)) > 0, high, low)
    silence = np.full(n - at - FRAME_SAMPLES, low)
    return quantised(np.concatenate([*parts, silence, last])), [*starts, n - FRAME_SAMPLES]


def make_crowd(n):
    """Frames without a gap between them over `n` samples: if `n` is large, more than `decode` has room for."""
    pulses = [modulate(make_frame(k, k)) for k in range(n // FRAME_SAMPLES)]
    return quantised(np.where(np.resize(np.concatenate(pulses), n) > 0, 11250, 2))


def main():
    # A published ADS-B frame, so that the CRC is checked against something we did not make ourselves.
    assert crc24(bytes.fromhex("8d4840d6202cc371c32ce0576098")) == 0
    path = recording_path()
    if path.exists():
        iq = np.fromfile(path, dtype=np.uint8)
        count, frames, offsets = decode(iq)
        distinct = {bytes(f) for f in frames[:count]}
        aircraft = {bytes(f[1:4]).hex() for f in frames[:count]}
        assert count >= 141 and len(distinct) >= 101, (count, len(distinct))
        assert "4d2023" in aircraft
        print(f"{count} DF17 frames with clean CRC, {len(distinct)} distinct, aircraft {sorted(aircraft)}")
    else:
        print("skipped: recording not present")
        iq, sent, starts = make_synthetic()
        count, frames, offsets = decode(iq)
        assert count == len(sent)
        assert [bytes(f) for f in frames[:count]] == sent
        assert np.array_equal(offsets[:count], starts)
        print(f"{count} of {len(sent)} synthetic frames found")
    n = len(iq) // 2
    iq, starts = make_edge_cases(n)
    edge_count, _, edge_offsets = decode(iq)
    assert list(edge_offsets[:edge_count]) == starts
    crowd_count, _, crowd_offsets = decode(make_crowd(n))
    assert crowd_count == min(n // FRAME_SAMPLES, len(crowd_offsets))
    assert np.all(np.diff(crowd_offsets[:crowd_count]) == FRAME_SAMPLES)
    print(f"{edge_count} frames told from those whose preamble is a tie, {crowd_count} frames in a crowd")
    assert frames.shape[1] == FRAME_BYTES
    assert all(crc24(f) == 0 and f[0] >> 3 == 17 for f in frames[:count])
    assert np.all(np.diff(offsets[:count]) >= FRAME_SAMPLES)


if __name__ == "__main__":
    main()
