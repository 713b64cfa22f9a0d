# CRC-16 bit by bit over a byte array.
# family: crc-scrambler
# entry: crc16
# compare: exact
import numpy as np

def crc16(data, poly=0x1021, init=0xFFFF):
    crc = init
    for byte in data:
        crc ^= int(byte) << 8
        for _ in range(8):
            if crc & 0x8000:
                crc = ((crc << 1) ^ poly) & 0xFFFF
            else:
                crc = (crc << 1) & 0xFFFF
    return crc

if __name__ == "__main__":
    crc16(np.frombuffer(b"123456789", dtype=np.uint8))
    crc16(np.arange(20, dtype=np.uint8), init=0)
