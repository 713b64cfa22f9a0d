# A class attribute counted modulo a bound by every instance.
# family: classes
# entry: Packet
# compare: exact
import numpy as np

class Packet:
    sequence = 0

    def __init__(self, size):
        self.size = size

    def send(self):
        Packet.sequence = (Packet.sequence + 1) % 5
        return self.sequence, self.size * Packet.sequence

if __name__ == "__main__":
    a, b = Packet(10), Packet(3)
    for p in (a, b, a, a, b, b):
        p.send()
