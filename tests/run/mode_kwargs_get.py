# Keyword options read with dict.get and tested for presence.
# family: strings-modes
# entry: measure
# compare: derived
import numpy as np

def measure(x, **options):
    scale = options.get("scale", 1.0)
    y = x * scale
    if "offset" in options:
        y = y + options["offset"]
    if options.get("norm") == "l1":
        return np.sum(np.abs(y))
    return np.sqrt(np.sum(y ** 2))

if __name__ == "__main__":
    x = np.array([3.0, -4.0, 12.0])
    measure(x)
    measure(x, scale=2.0, norm="l1")
    measure(x, offset=-1.0)
