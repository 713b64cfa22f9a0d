# expect: refused
# about: a network socket
# line: 9
# entry: receive
import socket
import numpy as np

def receive(x):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.01)
    s.close()
    return x + 1

if __name__ == "__main__":
    receive(np.arange(3.0))
