# CRC-32 with a table built at module level.
# family: crc-scrambler
# entry: crc32
# compare: exact
import numpy as np

TABLE = []
for i in range(256):
    c = i
    for _ in range(8):
        c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
    TABLE.append(c)

def crc32(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = TABLE[(crc ^ int(b)) & 0xFF] ^ (crc >> 8)
    return ~crc & 0xFFFFFFFF

if __name__ == "__main__":
    crc32(np.frombuffer(b"123456789", dtype=np.uint8))
    crc32(np.zeros(3, dtype=np.uint8))
